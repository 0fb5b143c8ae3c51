#include "cli/commands/OwnersRights.h"

#include "cli/CommandError.h"

#include <Poco/Util/Application.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace connector {

namespace {

using Poco::Util::Application;

[[noreturn]] void execute(std::vector<std::string> words) {
    std::vector<char*> pointers;
    std::transform(words.begin(), words.end(), std::back_inserter(pointers),
                   [](std::string& word) { return word.data(); });
    pointers.push_back(nullptr);
    ::execvp(pointers.front(), pointers.data());
    throw CommandError(Application::EXIT_OSERR,
                       words.front() + " can't be run: " + std::generic_category().message(errno) +
                           "; it is a program of util-linux");
}

/// setpriv(1), as the unit of the service sets user and capabilities.
std::vector<std::string> setprivFor(const passwd& user) {
    std::vector<std::string> words{"setpriv", "--reuid=" + std::to_string(user.pw_uid),
                                   "--regid=" + std::to_string(user.pw_gid), "--init-groups",
                                   "--no-new-privs"};
    if (::prctl(PR_CAPBSET_READ, CAP_NET_BIND_SERVICE) == 1) // not in every container
        words.insert(words.end(),
                     {"--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service"});
    return words;
}

/// The folder, or the nearest one above it that is there.
std::filesystem::path nearestFolder(std::filesystem::path folder) {
    std::error_code error;
    while (!std::filesystem::exists(folder, error) && folder.has_relative_path())
        folder = folder.parent_path();
    return folder;
}

/// Whose the folder is meant to be is unclear: the service would run as root, with all of root's rights.
[[noreturn]] void refuseMissing(const std::filesystem::path& folder, const std::filesystem::path& above) {
    throw CommandError(Application::EXIT_CONFIG, folder.string() + " is not there, and " + above.string() +
                                                     " is root's; make it for the user that the service is "
                                                     "to run as: install -d -o USER -g GROUP -m 0700 " +
                                                     folder.string());
}

} // namespace

void continueAsOwnerOfFolder(const std::string& file, const std::vector<std::string>& arguments) {
    if (::geteuid() != 0) return;
    const auto wanted = std::filesystem::absolute(file).parent_path();
    const auto path = nearestFolder(wanted);
    struct stat folder {};
    if (::stat(path.c_str(), &folder) != 0)
        throw CommandError(Application::EXIT_OSERR,
                           path.string() + ": " + std::generic_category().message(errno));
    if (folder.st_uid == 0) {
        if (path != wanted) refuseMissing(wanted, path);
        return;
    }
    const auto* user = ::getpwuid(folder.st_uid);
    if (!user)
        throw CommandError(Application::EXIT_NOUSER, path.string() + " belongs to user " +
                                                         std::to_string(folder.st_uid) +
                                                         ", who does not exist; chown it");
    auto words = setprivFor(*user);
    words.push_back(std::filesystem::read_symlink("/proc/self/exe").string());
    words.insert(words.end(), arguments.begin(), arguments.end());
    execute(std::move(words));
}

} // namespace connector
