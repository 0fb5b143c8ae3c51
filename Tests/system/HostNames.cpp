#include "HostNames.h"

#include "ChildProcess.h"

namespace connector::test {

namespace {

std::vector<std::string> launcherOf(const std::string& file) {
    // As a user other than root, a user namespace gives the right to mount.
    return {"/bin/sh", "-c",
            "hosts=$1; shift; "
            "prepare='mount --bind \"$0\" /etc/hosts && exec \"$@\"'; "
            "unshare --mount true 2>/dev/null && exec unshare --mount sh -c \"$prepare\" \"$hosts\" \"$@\"; "
            "exec unshare --map-root-user --mount sh -c \"$prepare\" \"$hosts\" \"$@\"",
            "sh", file};
}

} // namespace

bool HostNames::isPossible() {
    const Folder folder;
    auto words = launcherOf(folder.write("hosts", ""));
    words.emplace_back("true");
    return run({words, folder.path("output.log")}).exitCode == 0;
}

std::vector<std::string> HostNames::launcher() const {
    return launcherOf(_folder.path("hosts"));
}

void HostNames::set(const std::vector<std::string>& addresses) {
    std::string text;
    for (const auto& address : addresses)
        text += address + " " + kName + "\n";
    _folder.write("hosts", text);
}

} // namespace connector::test
