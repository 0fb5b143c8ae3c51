#include "StalledDisk.h"

#include "Folder.h"

#include <filesystem>

namespace connector::test {

StalledDisk::StalledDisk(ConnectorSetup& setup) : _file(setup.folder().path("stalled")) {
    const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    setup.setEnvironment("LD_PRELOAD", (programs / "stalled-disk.so").string());
    setup.setEnvironment("STALLED_DISK", _file);
}

void StalledDisk::stall() const {
    std::filesystem::remove(_file + ".waiting");
    writeFile(_file, "");
}

void StalledDisk::waitForVictim() const {
    waitUntil("a process waits for the disk", [&] { return std::filesystem::exists(_file + ".waiting"); });
}

void StalledDisk::goOn() const {
    std::filesystem::remove(_file);
}

} // namespace connector::test
