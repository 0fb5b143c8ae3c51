#pragma once

#include "base/Lifeline.h"
#include "front/PipeDirectory.h"
#include "pipe/AgentEntrance.h"
#include "pipe/Newcomers.h"
#include "pipe/PipeEnvironment.h"

#include <list>
#include <memory>
#include <string>

namespace connector {

/// The agents that come to the front, of whichever mapping: does the handshake, reads the greeting, and hands
/// the connection to the pipe whose passcode is in it, which judges it once more. What strangers may do is
/// bounded as at a mapping's own port (Newcomers, SlowedAddresses). Lives on the front's loop.
class AgentDoor final : private AgentEntrance::Owner {
  public:
    /// name: what the log calls the front. lifeline: the front's. newcomers: of all who come to the front.
    /// All references must outlive it.
    AgentDoor(EventLoop& loop, PipeEnvironment& environment, PipeDirectory& directory, std::string name,
              const Lifeline& lifeline, Newcomers& newcomers);
    ~AgentDoor();

    /// Takes those who say that they are agents.
    Acceptor& entrance() { return _entrance; }

    /// Closes all connections, and takes no more.
    void closeAll();

    /// Whether agents have come from that owner's addresses lately (ownerOf()).
    bool knows(const std::string& owner) const { return _entrance.knows(owner); }

  private:
    class Agent;
    using Agents = std::list<std::unique_ptr<Agent>>;

    void onEntered(std::unique_ptr<SocketStream> accepted, bool isKnown, bool hasTurn) override;
    std::string crowded() const override;
    void onGreeting(Agent& agent, const std::string& line);
    std::optional<PipeDirectory::AgentsPlace> find(const std::string& line);
    void reject(Agent& agent, const std::string& why, AgentRejection rejection);
    void forget(Agent& agent);

    EventLoop& _loop;
    PipeEnvironment& _environment;
    PipeDirectory& _directory;
    const std::string _name;
    const Lifeline& _lifeline;
    Newcomers& _newcomers;
    AgentEntrance _entrance;
    Agents _agents;
};

} // namespace connector
