#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace connector {

/// Whose a file is and who may use it.
struct Ownership {
    uid_t user;
    gid_t group;
    mode_t mode;
};

/// A file that is to be written. A value.
struct NewFile {
    std::string path;
    std::string content;
    Ownership ownership;
    /// One that is there stays as FILE.old; without this it is an error.
    bool replace = false;
};

/// Writes files that belong together: all of them or, when it throws, none. At any moment each is the old
/// one, or none, or the whole new one. Throws CommandError.
void writeFiles(const std::vector<NewFile>& files);

/// Makes the owner of the folder that a file is in the owner of the file: for what root has made there. Does
/// nothing for others than root. Throws CommandError.
void giveToOwnerOfFolder(const std::string& file);

} // namespace connector
