#include "Folder.h"

#include <Poco/File.h>
#include <Poco/TemporaryFile.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace connector::test {

Folder::Folder() : _path(Poco::TemporaryFile::tempName()) {
    Poco::File(_path).createDirectory();
}

Folder::~Folder() {
    Poco::File(_path).remove(true);
}

std::string Folder::write(const std::string& name, const std::string& content) const {
    writeFile(path(name), content);
    return path(name);
}

std::string readFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("can't read " + path);
    return {std::istreambuf_iterator<char>(in), {}};
}

void writeFile(const std::string& path, const std::string& content) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    if (!out.write(content.data(), static_cast<std::streamsize>(content.size())).flush())
        throw std::runtime_error("can't write " + path);
}

} // namespace connector::test
