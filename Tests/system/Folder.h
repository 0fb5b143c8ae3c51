#pragma once

#include <string>

namespace connector::test {

/// A temporary folder, removed with all that is in it.
class Folder {
  public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string path(const std::string& name) const { return _path + "/" + name; }

    /// Writes a file in the folder and returns its path.
    std::string write(const std::string& name, const std::string& content) const;

  private:
    std::string _path;
};

std::string readFile(const std::string& path);
void writeFile(const std::string& path, const std::string& content);

} // namespace connector::test
