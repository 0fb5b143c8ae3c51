#pragma once

#include "ConnectorProcess.h"
#include "ConnectorSetup.h"
#include "PipeActions.h"

#include <array>
#include <map>
#include <ostream>
#include <string>
#include <utility>

namespace connector::test {

/// What a test wants of a Connector with one mapping.
struct PipeOptions {
    /// Written to "limits" in the configuration.
    std::map<std::string, int> limits{};
    int maxConnections = 60;
    int heartbeatAbsenceThreshold = 0;
    /// RLIMIT_NOFILE of the process; 0 leaves the test's own.
    rlim_t descriptors = 0;
    /// Further values of the configuration, as JSON, by their keys with dots.
    std::map<std::string, std::string> settings{};
};

/// A Connector that runs with one mapping, public or private: where most tests of pipes begin.
class OpenPipe {
  public:
    OpenPipe(Mode mode, const std::string& mappingJson, const PipeOptions& options);

    ConnectorSetup& setup() { return _setup; }
    ConnectorProcess& connector() { return _connector; }
    const ConnectorProcess& connector() const { return _connector; }
    const ApiClient& api() const { return _connector.api(); }
    const AddedMapping& mapping() const { return _mapping; }

    /// An authorized agent on port1, or on port2 of a private mapping.
    PipeClient agent1(const ConnectOptions& options = {}) const;
    PipeClient agent2(const ConnectOptions& options = {}) const;

    void waitFor(const std::string& count, std::int64_t expected) const {
        _connector.api().waitForCount(_mapping.id, count, expected);
    }
    std::int64_t count(const std::string& key) const { return api().count(_mapping.id, key); }

    /// Returns when nothing more is relayed, as a receiver takes nothing.
    void waitUntilRelaysStall() const;

  private:
    ConnectorSetup _setup;
    ConnectorProcess _connector;
    AddedMapping _mapping;
};

class OpenPublicPipe : public OpenPipe {
  public:
    explicit OpenPublicPipe(Mode mode, const PipeOptions& options = {});

    /// An authorized agent that Connector counts as waiting.
    PipeClient waitingAgent(const ConnectOptions& options = {}) const;
    PipeClient visitor(const ConnectOptions& options = {}) const;

    /// A visitor and the agent it has been joined to; the visitor has spoken, so that payload may go both
    /// ways.
    std::pair<PipeClient, PipeClient> relay(const ConnectOptions& visitorOptions = {},
                                            const ConnectOptions& agentOptions = {}) const;
};

class OpenPrivatePipe : public OpenPipe {
  public:
    explicit OpenPrivatePipe(Mode mode, const PipeOptions& options = {});

    /// An agent of port1 and one of port2, joined by a first message from port1. No others may be waiting.
    std::pair<PipeClient, PipeClient> relay(const ConnectOptions& options1 = {},
                                            const ConnectOptions& options2 = {}) const;
};

/// The ports that agents prove themselves at.
enum class Door { PublicPort1, PrivatePort1, PrivatePort2 };
inline constexpr std::array kDoors{Door::PublicPort1, Door::PrivatePort1, Door::PrivatePort2};
std::ostream& operator<<(std::ostream& out, Door door);

/// A Connector with one mapping, seen from one of its doors.
class DoorPipe : public OpenPipe {
  public:
    DoorPipe(Mode mode, Door door, const PipeOptions& options = {});

    std::uint16_t port() const;
    const std::string& passcode() const;

    /// Not yet authorized.
    PipeClient stranger(const ConnectOptions& options = {}) const {
        return connector().connect(port(), options);
    }
    PipeClient agent() const { return connector().agent(port(), passcode()); }
    void waitForAgents(std::int64_t expected) const;

  private:
    Door _door;
};

} // namespace connector::test
