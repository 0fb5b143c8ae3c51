#include "Terminal.h"

#include "Waiting.h"

#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <unistd.h>

namespace connector::test {

Terminal::Terminal(unsigned short columns, unsigned short lines)
    : _master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) {
    if (_master < 0 || ::grantpt(_master) != 0 || ::unlockpt(_master) != 0)
        throw std::runtime_error("no terminal is to be had");
    resize(columns, lines);
    _held = ::open(name().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC); // or it would hang up between two programs
}

Terminal::~Terminal() {
    ::close(_held);
    ::close(_master);
}

std::string Terminal::name() const {
    return ::ptsname(_master);
}

void Terminal::resize(unsigned short columns, unsigned short lines) const {
    const winsize size{lines, columns, 0, 0};
    ::ioctl(_master, TIOCSWINSZ, &size);
}

void Terminal::type(const std::string& text) const {
    if (::write(_master, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        throw std::runtime_error("the terminal takes no input");
}

std::string Terminal::read() const {
    std::string all;
    std::string part(4096, '\0');
    // The kernel hands over what has just been written only when nothing else is left to read.
    for (ssize_t length; (length = ::read(_master, part.data(), part.size())) > 0;)
        all.append(part, 0, static_cast<std::size_t>(length));
    return all;
}

std::string Terminal::readThrough(const std::string& text) const {
    std::string all;
    waitUntil("\"" + text + "\" on the terminal", [&] {
        all += read();
        return all.find(text) != std::string::npos;
    });
    return all;
}

} // namespace connector::test
