#include "app/Upgrade.h"

#include "app/Takeover.h"

#include <Poco/NumberParser.h>

#include <csignal>
#include <cstring>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace connector {

namespace {

/// How often it is looked for a signal that ends this process.
constexpr std::chrono::milliseconds kLook{50};

/// Null-terminated, as execve(2) wants them; they point into `words`.
std::vector<char*> pointersTo(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (auto& word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> environmentWith(const std::string& variable) {
    std::vector<std::string> variables{variable};
    for (char** next = environ; *next; ++next)
        variables.emplace_back(*next);
    return variables;
}

/// Where the new process has its end of the channel.
constexpr int kChannel = STDERR_FILENO + 1;

/// How the new process begins: with no signal blocked, and one descriptor more than usual. Not all libraries
/// make theirs close at execve(2).
class SpawnPlan {
  public:
    explicit SpawnPlan(int inherited) {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
        sigset_t none;
        ::sigemptyset(&none);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        ::posix_spawn_file_actions_adddup2(&actions, inherited, kChannel);
        ::posix_spawn_file_actions_addclosefrom_np(&actions, kChannel + 1);
    }
    ~SpawnPlan() {
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&actions);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

bool mustEnd() {
    sigset_t pending;
    ::sigpending(&pending);
    return ::sigismember(&pending, SIGTERM) == 1 || ::sigismember(&pending, SIGINT) == 1;
}

bool startsWith(const std::string& text, const char* word) {
    return text.compare(0, std::strlen(word), word) == 0;
}

std::string afterWord(const std::string& text, const char* word) {
    return text.substr(std::strlen(word));
}

} // namespace

Upgrade::Upgrade(Server& server, std::string program, std::vector<std::string> words,
                 std::chrono::milliseconds patience)
    : _server(server), _program(std::move(program)), _words(std::move(words)),
      _deadline(Clock::now() + patience) {}

pid_t Upgrade::run() {
    // In a container its end would be that of all others.
    if (::getpid() == 1)
        throw UpgradeFailed("process 1 can't be replaced: start a container of the new image instead");
    try {
        launch();
        const auto hello = receive();
        if (!startsWith(hello, Takeover::kHello) ||
            !Poco::NumberParser::tryParse(afterWord(hello, Takeover::kHello), _process) || _process <= 1)
            throw ChannelClosed("it is of a version that can't be handed anything over; restart the service");
        handOver();
    } catch (const ChannelClosed& error) {
        throw UpgradeFailed("the new process: " + std::string(error.what()));
    }
    return _process;
}

/// The new process leaves its parent at once: so this one waits for no longer than that.
void Upgrade::launch() {
    auto [own, others] = DescriptorChannel::socketPair();
    auto words = _words;
    auto variables = environmentWith(std::string(Takeover::kVariable) + "=" + std::to_string(kChannel));
    const SpawnPlan plan(others.get());
    pid_t child = -1;
    const int failure = ::posix_spawn(&child, _program.c_str(), &plan.actions, &plan.attributes,
                                      pointersTo(words).data(), pointersTo(variables).data());
    if (failure != 0)
        throw ChannelClosed(_program + " can't be started: " + std::generic_category().message(failure));
    _channel.emplace(std::move(own));
    ::waitpid(child, nullptr, 0);
}

void Upgrade::handOver() {
    const bool isSuspended = _server.suspend();
    try {
        if (!isSuspended) throw ChannelClosed("the disk of the database does not answer");
        exchange();
    } catch (const ChannelClosed&) {
        ::kill(_process, SIGKILL); // before this one opens the database again
        _server.resume();
        throw;
    }
    _server.drain();
}

void Upgrade::exchange() {
    sendSockets();
    _channel->send(Takeover::kLock, {_server.databaseLock()});
    expect(Takeover::kTaken);
    _channel->send(Takeover::kOpen);
    expect(Takeover::kReady);
    _channel->send(Takeover::kGo);
    expect(Takeover::kServing);
}

void Upgrade::sendSockets() {
    const auto sockets = _server.listeningSockets().all();
    std::vector<int> some;
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        some.push_back(sockets[i].impl()->sockfd());
        if (some.size() < DescriptorChannel::kMostDescriptors && i + 1 < sockets.size()) continue;
        _channel->send(Takeover::kSockets, some);
        expect(Takeover::kTaken);
        some.clear();
    }
}

std::string Upgrade::receive() {
    while (Clock::now() < _deadline) {
        if (mustEnd()) throw ChannelClosed("this one is to end");
        auto message = _channel->receive(kLook);
        if (!message) continue;
        if (startsWith(message->text, Takeover::kFailed))
            throw ChannelClosed(afterWord(message->text, Takeover::kFailed));
        return message->text;
    }
    throw ChannelClosed("it does not serve within limits.upgrade");
}

void Upgrade::expect(const std::string& word) {
    const auto said = receive();
    if (said != word) throw ChannelClosed("it said \"" + said + "\" where \"" + word + "\" was due");
}

void Upgrade::confirm() {
    try {
        _channel->send(Takeover::kMain);
    } catch (const ChannelClosed&) { // it has ended: nothing can be done about that here
    }
}

} // namespace connector
