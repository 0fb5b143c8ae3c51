#pragma once

#include <string>
#include <sys/types.h>

namespace connector {

/// All that is in a file. Throws CommandError when it can't be read.
std::string textOf(const std::string& file);

/// Whose a file is and who may use it.
struct Ownership {
    uid_t user;
    gid_t group;
    mode_t mode;
};

/// Writes a file so that at any moment there is the old one, or none, or the whole new one. With `replace`
/// one that is there stays as FILE.old; else it is an error. Throws CommandError.
void writeFile(const std::string& file, const std::string& content, const Ownership& ownership, bool replace);

/// Makes the owner of the folder that a file is in the owner of the file: for what root has made there. Does
/// nothing for others than root. Throws CommandError.
void giveToOwnerOfFolder(const std::string& file);

} // namespace connector
