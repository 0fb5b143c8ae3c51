#include "app/Upgrade.h"

#include "app/Takeover.h"

#include <Poco/NumberParser.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
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
                 std::chrono::milliseconds patience, std::vector<int> former)
    : _server(server), _program(std::move(program)), _words(std::move(words)),
      _deadline(Clock::now() + patience), _former(std::move(former)) {}

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
        _newProcess = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, _process, 0)));
        handOver();
    } catch (const ChannelClosed& error) {
        throw UpgradeFailed("the new process: " + std::string(error.what()));
    } catch (const Poco::Exception& error) {
        throw UpgradeFailed(error.displayText());
    }
    return _process;
}

/// The new process leaves its parent at once, unless it is no Connector.
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
    while (::waitpid(child, nullptr, WNOHANG) == 0) {
        if (Clock::now() < _deadline && !mustEnd()) {
            std::this_thread::sleep_for(kLook);
            continue;
        }
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
    }
}

void Upgrade::handOver() {
    const bool isSuspended = _server.suspend();
    try {
        if (!isSuspended) throw ChannelClosed("the database does not answer");
        exchange();
    } catch (const ChannelClosed& error) {
        endNewProcess(); // before this one opens the database again
        goOn(error.what());
        throw;
    }
    _server.drain();
}

/// The descriptor stays the new process's own when its id is used again.
void Upgrade::endNewProcess() {
    ::syscall(SYS_pidfd_send_signal, _newProcess.get(), SIGKILL, nullptr, 0);
}

void Upgrade::goOn(const std::string& reason) {
    try {
        _server.resume();
    } catch (const std::exception& error) {
        throw UpgradeFailed("the new process: " + reason +
                            "; and this one can't open the API again, but goes "
                            "on with all else until it is restarted: " +
                            error.what());
    }
}

void Upgrade::exchange() {
    const auto sockets = _server.listeningSockets().all(); // none is closed while they are here
    std::vector<int> descriptors;
    for (const auto& socket : sockets)
        descriptors.push_back(socket.impl()->sockfd());
    send(Takeover::kSockets, descriptors);
    sendFrontConnections();
    send(Takeover::kLock, {_server.databaseLock()});
    send(Takeover::kFormer, _former);
    _channel->send(Takeover::kOpen);
    expect(Takeover::kReady);
    _server.pauseAccepting();
    _channel->send(Takeover::kGo);
    expect(Takeover::kServing);
}

void Upgrade::send(const char* what, const std::vector<int>& descriptors) {
    for (auto next = descriptors.begin(); next != descriptors.end();) {
        const auto some =
            std::min<std::ptrdiff_t>(descriptors.end() - next, DescriptorChannel::kMostDescriptors);
        _channel->send(what, {next, next + some});
        expect(Takeover::kTaken);
        next += some;
    }
}

void Upgrade::sendFrontConnections() {
    const auto& all = _server.frontConnections();
    for (std::size_t next = 0; next < all.size();) {
        std::string text = Takeover::kFront;
        std::vector<int> descriptors;
        for (; next < all.size() && descriptors.size() < DescriptorChannel::kMostDescriptors; ++next) {
            text += (all[next].lacksHeader ? std::string(" ") + Takeover::kProxy : " ") +
                    all[next].peer.toString();
            descriptors.push_back(all[next].socket.get());
        }
        _channel->send(text, descriptors);
        expect(Takeover::kTaken);
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

Upgrade::News Upgrade::next(std::chrono::milliseconds patience) {
    News news;
    if (!_channel) {
        std::this_thread::sleep_for(patience);
        return news;
    }
    try {
        if (const auto message = _channel->receive(patience)) {
            news.isToStop = message->text == Takeover::kStop;
            if (startsWith(message->text, Takeover::kRemoved))
                news.removed = afterWord(message->text, Takeover::kRemoved);
        }
    } catch (const ChannelClosed&) {
        _channel.reset();
    }
    return news;
}

} // namespace connector
