#include "cli/Files.h"

#include "cli/CommandError.h"

#include <Poco/Util/Application.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace connector {

namespace {

using Poco::Util::Application;

[[noreturn]] void failToWrite(const std::string& file, int error) {
    throw CommandError(Application::EXIT_CANTCREAT,
                       file + ": can't be written: " + std::generic_category().message(error));
}

/// A new file beside another one, which goes unless it was put in that one's place.
class TemporaryNeighbour {
  public:
    explicit TemporaryNeighbour(const std::string& file)
        : _file(file), _path(file + ".XXXXXX"), _descriptor(::mkostemp(_path.data(), O_CLOEXEC)) {
        if (_descriptor < 0) failToWrite(file, errno);
    }
    ~TemporaryNeighbour() {
        ::close(_descriptor);
        ::unlink(_path.c_str());
    }
    TemporaryNeighbour(const TemporaryNeighbour&) = delete;
    TemporaryNeighbour& operator=(const TemporaryNeighbour&) = delete;

    void fill(const std::string& content, const Ownership& ownership) const {
        for (std::size_t at = 0; at < content.size();) {
            const auto written = ::write(_descriptor, content.data() + at, content.size() - at);
            if (written < 0) failToWrite(_file, errno);
            at += static_cast<std::size_t>(written);
        }
        if (::geteuid() == 0 && ::fchown(_descriptor, ownership.user, ownership.group) != 0)
            failToWrite(_file, errno);
        if (::fchmod(_descriptor, ownership.mode) != 0 || ::fsync(_descriptor) != 0)
            failToWrite(_file, errno);
    }

    void replaceFile() const {
        const auto old = _file + ".old";
        ::unlink(old.c_str());
        if (::link(_file.c_str(), old.c_str()) != 0 && errno != ENOENT) failToWrite(old, errno);
        if (::rename(_path.c_str(), _file.c_str()) != 0) failToWrite(_file, errno);
    }

    void becomeFile() const {
        if (::link(_path.c_str(), _file.c_str()) != 0) failToWrite(_file, errno);
    }

  private:
    std::string _file;
    std::string _path;
    int _descriptor;
};

} // namespace

std::string textOf(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream content;
    content << stream.rdbuf();
    if (!stream.is_open() || stream.bad())
        throw CommandError(Application::EXIT_NOINPUT,
                           file + ": can't be read: " + std::generic_category().message(errno));
    return content.str();
}

void writeFile(const std::string& file, const std::string& content, const Ownership& ownership,
               bool replace) {
    const TemporaryNeighbour temporary(file);
    temporary.fill(content, ownership);
    if (replace)
        temporary.replaceFile();
    else
        temporary.becomeFile();
}

void giveToOwnerOfFolder(const std::string& file) {
    struct stat folder {};
    const auto path = std::filesystem::absolute(file).parent_path().string();
    if (::geteuid() != 0) return;
    if (::stat(path.c_str(), &folder) != 0 || ::lchown(file.c_str(), folder.st_uid, folder.st_gid) != 0)
        failToWrite(file, errno);
}

} // namespace connector
