#pragma once

#include "Folder.h"

#include <string>
#include <vector>

namespace connector::test {

/// Names and addresses that only programs know that are launched by it: a file in the place of /etc/hosts, in
/// a mount namespace of their own.
class HostNames {
  public:
    static constexpr const char* kName = "connector.test";

    /// False where there are no such namespaces.
    static bool isPossible();

    /// The words of a command that executes what follows.
    std::vector<std::string> launcher() const;

    /// kName has these addresses from now on; with none, it is not found.
    void set(const std::vector<std::string>& addresses);

  private:
    Folder _folder;
};

} // namespace connector::test
