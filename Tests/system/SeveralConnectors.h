#pragma once

#include "AgentProgram.h"
#include "ConnectorProcess.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace connector::test {

/// Several Connectors that serve the same mapping at the same ports, each at an address of its own:
/// 127.0.0.2, 127.0.0.3 and so on.
class SeveralConnectors {
  public:
    enum class Type { Public, Private };

    /// limits: of each, by name.
    SeveralConnectors(Mode mode, std::size_t size, Type type = Type::Public,
                      const std::vector<std::pair<std::string, int>>& limits = {});

    /// The setup of the first, for what all have in common.
    const ConnectorSetup& setup() const { return *_members.front().setup; }
    const AddedMapping& mapping() const { return _mapping; }

    static std::string addressOf(std::size_t number) { return "127.0.0." + std::to_string(number + 2); }
    std::vector<std::string> addresses() const;

    ConnectorProcess& operator[](std::size_t number) { return *_members.at(number).process; }
    void kill(std::size_t number) { _members.at(number).process->kill(); }
    void start(std::size_t number);

    /// Waits until the API of that one says so.
    void waitFor(std::size_t number, const std::string& count, std::int64_t expected);

    /// A connection to a port of the mapping there.
    PipeClient connect(std::size_t number, std::uint16_t port) {
        return (*this)[number].connect(port, {}, addressOf(number));
    }

  private:
    struct Member {
        std::unique_ptr<ConnectorSetup> setup;
        std::unique_ptr<ConnectorProcess> process;
    };

    std::vector<Member> _members;
    AddedMapping _mapping;
};

} // namespace connector::test
