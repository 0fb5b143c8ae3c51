#include "front/AgentDoor.h"

#include "base/PeerAddress.h"
#include "net/Timer.h"
#include "pipe/Handshake.h"
#include "protocol/Greeting.h"
#include "protocol/Refusal.h"

namespace connector {

/// One of them, until its greeting is complete.
class AgentDoor::Agent final : public Newcomer, private Handshake::Owner, private StreamHandler {
  public:
    Agent(AgentDoor& door, std::unique_ptr<SocketStream> accepted, bool isKnown, bool hasTurn_)
        : hasTurn(hasTurn_), peer(accepted->peer()), _door(door),
          _handshake(std::make_shared<Handshake>(door._loop, door._environment.handshakes(),
                                                 std::move(accepted), static_cast<Handshake::Owner&>(*this),
                                                 door._lifeline.hold(), isKnown)),
          _timer(door._loop, [this] { onTimer(); }) {}

    void start() {
        _timer.start(limits().greetingFirstByte);
        _handshake->start();
    }

    /// Null when it is closed already, as its handshake is not done. The agent is not called any more.
    std::unique_ptr<SocketStream> takeStream() {
        _timer.cancel();
        if (auto handshake = std::exchange(_handshake, nullptr)) handshake->cancel();
        if (_stream) _stream->detach();
        return std::move(_stream);
    }

    void say(const std::string& text) { _stream->send(text); }

    void end(const std::string& why, AgentRejection rejection) override {
        _door.reject(*this, why, rejection);
    }

    const bool hasTurn; ///< see AgentConnection::hasTurn()
    const Poco::Net::SocketAddress peer;
    Agents::iterator position;

  private:
    const PipeLimits& limits() const { return *_door._environment.limits(); }

    void onShaken(std::unique_ptr<SocketStream> stream) override {
        _stream = std::move(stream);
        _handshake.reset();
        if (!_stream->attach(_door._loop, *this))
            return end("no room to watch another descriptor", AgentRejection::Resources);
        onReady(*_stream);
    }

    void onNotShaken(const std::string& why) override { end(why, AgentRejection::Handshake); }

    /// More than a line can't be meant for anybody here.
    void onReady(Stream&) override {
        while (true) {
            const auto room = _door._loop.scratch().first(Greeting::kMaxLine);
            const auto received = _stream->receive(room);
            if (received.status == Stream::Status::Blocked) return;
            if (received.status != Stream::Status::Ok) return onEnded(received.status);
            if (_said.empty()) _timer.start(limits().greetingRest);
            _said.append(reinterpret_cast<const char*>(room.data()), received.bytes);
            if (_said.size() > Greeting::kMaxLine || _said.find('\n') != std::string::npos)
                return _door.onGreeting(*this, _said);
        }
    }

    void onEnded(Stream::Status status) {
        const bool isFailure = status == Stream::Status::Failed;
        end(isFailure ? _stream->failure() : "it closed the connection before the passcode",
            AgentRejection::Left);
    }

    void onTimer() {
        const auto most = _said.empty() ? limits().greetingFirstByte : limits().greetingRest;
        end("its greeting was not complete after " + std::to_string(most.count()) + " ms",
            AgentRejection::Timeout);
    }

    AgentDoor& _door;
    std::shared_ptr<Handshake> _handshake; ///< until it is done
    std::unique_ptr<SocketStream> _stream; ///< then
    std::string _said;
    Timer _timer;
};

AgentDoor::AgentDoor(EventLoop& loop, PipeEnvironment& environment, PipeDirectory& directory,
                     std::string name, const Lifeline& lifeline, Newcomers& newcomers)
    : _loop(loop), _environment(environment), _directory(directory), _name(std::move(name)),
      _lifeline(lifeline), _newcomers(newcomers), _entrance(loop, environment, lifeline, newcomers, *this) {}

AgentDoor::~AgentDoor() = default;

void AgentDoor::onEntered(std::unique_ptr<SocketStream> accepted, bool isKnown, bool hasTurn) {
    _agents.push_back(std::make_unique<Agent>(*this, std::move(accepted), isKnown, hasTurn));
    auto& agent = *_agents.back();
    agent.position = std::prev(_agents.end());
    _entrance.await(agent, agent.peer, isKnown);
    agent.start();
}

std::string AgentDoor::crowded() const {
    return "so many others have not said yet who they are (limits.front-connections)";
}

void AgentDoor::onGreeting(Agent& agent, const std::string& line) {
    auto place = find(line);
    if (!place) {
        _environment.slowed().addWrong(agent.peer.host(), _name);
        agent.say(Refusal{std::string(Refusal::kWrongPasscode)}.toString());
        return reject(agent, std::string(Refusal::kWrongPasscode), AgentRejection::WrongPasscode);
    }
    if (!place->use) return reject(agent, "its mapping is just being closed", AgentRejection::Left);
    _entrance.remember(agent.peer.host());
    place->use->pipe.takeAgent(place->side, agent.takeStream(), line, agent.hasTurn);
    forget(agent);
}

std::optional<PipeDirectory::AgentsPlace> AgentDoor::find(const std::string& line) {
    for (const auto& passcode : Greeting::passcodesIn(line))
        if (auto place = _directory.findByPasscode(passcode)) return place;
    return std::nullopt;
}

void AgentDoor::reject(Agent& agent, const std::string& why, AgentRejection rejection) {
    _environment.rejections().add(rejection);
    _environment.logs().rejected.write(agent.peer.host(), why, [&] {
        const auto peer = inWords(agent.peer);
        return LogLine(_name + ": agent " + peer + " rejected: " + why)
            .with("port", _environment.frontPort())
            .with("agent", peer)
            .with("reason", why);
    });
    if (agent.hasTurn) _environment.slowed().turnIsOver(agent.peer.host(), /*wasRight*/ false);
    if (auto stream = agent.takeStream()) _loop.destroyLater(std::move(stream));
    forget(agent);
}

/// It may be the one that is calling.
void AgentDoor::forget(Agent& agent) {
    _newcomers.remove(agent);
    _loop.destroyLater(std::move(*agent.position));
    _agents.erase(agent.position);
}

void AgentDoor::closeAll() {
    _loop.assertInLoopThread();
    _entrance.close();
    while (!_agents.empty()) {
        auto& agent = *_agents.front();
        if (auto stream = agent.takeStream()) _loop.destroyLater(std::move(stream));
        forget(agent);
    }
}

} // namespace connector
