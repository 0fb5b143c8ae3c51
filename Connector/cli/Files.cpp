#include "cli/Files.h"

#include "base/Descriptor.h"
#include "cli/CommandError.h"

#include <Poco/Util/Application.h>

#include <cerrno>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <filesystem>
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
        if (_descriptor.get() < 0) failToWrite(file, errno);
    }
    ~TemporaryNeighbour() { ::unlink(_path.c_str()); }
    TemporaryNeighbour(const TemporaryNeighbour&) = delete;
    TemporaryNeighbour& operator=(const TemporaryNeighbour&) = delete;

    void fill(const std::string& content, const Ownership& ownership) const {
        for (std::size_t at = 0; at < content.size();) {
            const auto written = ::write(_descriptor.get(), content.data() + at, content.size() - at);
            if (written < 0) failToWrite(_file, errno);
            at += static_cast<std::size_t>(written);
        }
        if (::geteuid() == 0 && ::fchown(_descriptor.get(), ownership.user, ownership.group) != 0)
            failToWrite(_file, errno);
        if (::fchmod(_descriptor.get(), ownership.mode) != 0 || ::fsync(_descriptor.get()) != 0)
            failToWrite(_file, errno);
    }

    /// Gives the file that is there, if one is, a second name that stays.
    void keepOldFile() {
        ::unlink(old().c_str());
        _hasOld = ::link(_file.c_str(), old().c_str()) == 0;
        if (!_hasOld && errno != ENOENT) failToWrite(old(), errno);
    }

    void becomeFile(bool replace) {
        const int result =
            replace ? ::rename(_path.c_str(), _file.c_str()) : ::link(_path.c_str(), _file.c_str());
        if (result != 0) failToWrite(_file, errno);
        _isFile = true;
    }

    /// Makes it as it was before becomeFile().
    void undo() const {
        if (!_isFile) return;
        if (_hasOld)
            ::rename(old().c_str(), _file.c_str());
        else
            ::unlink(_file.c_str());
    }

  private:
    std::string old() const { return _file + ".old"; }

    std::string _file;
    std::string _path;
    Descriptor _descriptor;
    bool _hasOld = false;
    bool _isFile = false;
};

} // namespace

void writeFiles(const std::vector<NewFile>& files) {
    // What can fail comes before the first file changes.
    std::deque<TemporaryNeighbour> temporaries;
    for (const auto& file : files)
        temporaries.emplace_back(file.path).fill(file.content, file.ownership);
    for (std::size_t i = 0; i < files.size(); ++i)
        if (files[i].replace) temporaries[i].keepOldFile();
    try {
        for (std::size_t i = 0; i < files.size(); ++i)
            temporaries[i].becomeFile(files[i].replace);
    } catch (const CommandError&) {
        for (const auto& temporary : temporaries)
            temporary.undo();
        throw;
    }
}

void giveToOwnerOfFolder(const std::string& file) {
    struct stat folder {};
    const auto path = std::filesystem::absolute(file).parent_path().string();
    if (::geteuid() != 0) return;
    if (::stat(path.c_str(), &folder) != 0 || ::lchown(file.c_str(), folder.st_uid, folder.st_gid) != 0)
        failToWrite(file, errno);
}

} // namespace connector
