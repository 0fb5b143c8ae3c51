#include "cli/OwnersRights.h"

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

} // namespace

void continueAsOwnerOfFolder(const std::string& file, const std::vector<std::string>& arguments) {
    struct stat folder {};
    const auto path = std::filesystem::absolute(file).parent_path().string();
    if (::geteuid() != 0 || ::stat(path.c_str(), &folder) != 0 || folder.st_uid == 0) return;
    const auto* user = ::getpwuid(folder.st_uid);
    if (!user)
        throw CommandError(Application::EXIT_NOUSER, path + " belongs to user " +
                                                         std::to_string(folder.st_uid) +
                                                         ", who does not exist; chown it");
    auto words = setprivFor(*user);
    words.push_back(std::filesystem::read_symlink("/proc/self/exe").string());
    words.insert(words.end(), arguments.begin(), arguments.end());
    execute(std::move(words));
}

} // namespace connector
