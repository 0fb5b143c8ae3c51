#pragma once

#include <string>
#include <vector>

namespace connector {

/// How a line of the screen looks; what that is in colors is the screen's.
enum class Look { Plain, Title, Head, Selected, Bad, BadSelected };

/// A line of the screen. A value.
struct FrameLine {
    std::string text; ///< as it comes, also from a server: the screen shows what can be shown of it
    Look look = Look::Plain;
};

/// What the whole screen shows: as many lines as it has.
using Frame = std::vector<FrameLine>;

/// The size of a screen, in cells.
struct ScreenSize {
    std::size_t columns = 80;
    std::size_t lines = 24;
    bool operator==(const ScreenSize&) const = default;
};

/// A key that was pressed. A value.
struct Key {
    enum class Kind {
        Character,
        Up,
        Down,
        PageUp,
        PageDown,
        Home,
        End,
        Left,
        Right,
        Enter,
        Escape,
        Backspace
    };

    Kind kind = Kind::Character;
    std::string text{}; ///< of a character, UTF-8
};

} // namespace connector
