#include "protocol/Pipe2Line.h"

#include "PipeText.h"

#include <boost/test/unit_test.hpp>

#include <ostream>
#include <string>
#include <vector>

namespace connector {

std::ostream& operator<<(std::ostream& out, LineReader::Status status) {
    return out << static_cast<int>(status);
}

} // namespace connector

using connector::LineReader;
using Line = connector::Pipe2Line;
using Status = connector::LineReader::Status;

namespace {

/// What an OPEN says, or "no OPEN".
std::string open(const std::string& line) {
    const auto parsed = Line::parse(line);
    if (!parsed || parsed->kind != Line::Kind::Open) return "no OPEN";
    return parsed->text + " and " + std::to_string(parsed->firstBytes);
}

/// The lines in the bytes, which come in pieces of this size, and "bad" when one is.
std::vector<std::string> linesIn(const std::string& text, std::size_t pieceSize) {
    std::vector<std::string> lines;
    LineReader reader;
    for (std::size_t at = 0; at < text.size(); at += pieceSize) {
        auto piece = connector::test::bytesOf(std::string_view(text).substr(at, pieceSize));
        while (!piece.empty()) {
            const auto status = reader.read(piece);
            if (status == Status::Complete) lines.push_back(reader.line());
            if (status == Status::Bad) {
                lines.emplace_back("bad");
                return lines;
            }
        }
    }
    return lines;
}

} // namespace

BOOST_AUTO_TEST_SUITE(Pipe2LineText)

BOOST_AUTO_TEST_CASE(lines_are_written_as_they_are_read) {
    BOOST_TEST(Line::beat().toString() == "BEAT\n");
    BOOST_TEST(Line::opened().toString() == "OPENED\n");
    BOOST_TEST(Line::open("192.0.2.1:80", 0).toString() == "OPEN 192.0.2.1:80\n");
    BOOST_TEST(Line::open("[::1]:80", 12).toString() == "OPEN [::1]:80 12\n");
    BOOST_TEST(Line::refused("no such target").toString() == "REFUSED no such target\n");
}

BOOST_AUTO_TEST_CASE(words_without_arguments_stand_alone) {
    BOOST_TEST((Line::parse("BEAT")->kind == Line::Kind::Beat));
    BOOST_TEST((Line::parse("OPENED")->kind == Line::Kind::Opened));
    for (const auto* line : {"", "B", "BEATBEAT", "BEAT ", " BEAT", "beat", "OPENED ", "OPENED 1", "OPENEDX",
                             "REFUSED", "REFUSEDX", "AUTHORIZED/2 heartbeat=0", "PIPE/2 x"})
        BOOST_TEST(!Line::parse(line), "\"" << line << "\" was taken for a line");
}

BOOST_AUTO_TEST_CASE(open_names_the_visitor_and_how_much_follows) {
    BOOST_TEST(open("OPEN 192.0.2.1:80") == "192.0.2.1:80 and 0");
    BOOST_TEST(open("OPEN 192.0.2.1:80 0") == "192.0.2.1:80 and 0");
    BOOST_TEST(open("OPEN [2001:db8::1]:80 1") == "[2001:db8::1]:80 and 1");
    BOOST_TEST(open("OPEN x 65536") == "x and 65536");
}

BOOST_AUTO_TEST_CASE(open_is_exact) {
    for (const auto* line :
         {"OPEN", "OPEN ", "OPEN  ", "OPEN  5", "OPEN x ", "OPEN x -1", "OPEN x +1", "OPEN x 1 ", "OPEN x 1x",
          "OPEN x 0x1", "OPEN x y", "OPEN x 65537", "OPEN x 18446744073709551616", "OPEN x  1", "OPENx"})
        BOOST_TEST(open(line) == "no OPEN", line);
}

BOOST_AUTO_TEST_CASE(refused_has_any_reason) {
    BOOST_TEST(Line::parse("REFUSED no such target")->text == "no such target");
    BOOST_TEST(Line::parse("REFUSED ")->text == "");
}

BOOST_AUTO_TEST_CASE(a_reason_is_cut_and_made_printable) {
    const auto line = Line::refused(std::string(1000, 'x')).toString();
    BOOST_TEST(line.size() == Line::kMaxLength);
    BOOST_TEST(line.ends_with("x\n"));
    BOOST_TEST(Line::refused("two\nlines\t\x80").toString() == "REFUSED two?lines??\n");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Pipe2LineReader)

BOOST_AUTO_TEST_CASE(lines_are_the_same_in_pieces_of_any_size) {
    const std::string text = "BEAT\n\nOPEN 192.0.2.1:80 3\n~ !\nunfinished";
    const std::vector<std::string> expected{"BEAT", "", "OPEN 192.0.2.1:80 3", "~ !"};
    for (std::size_t size = 1; size <= text.size(); ++size)
        BOOST_TEST(linesIn(text, size) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(bytes_behind_a_line_are_not_taken) {
    const std::string text = "OPENED\npayload";
    auto bytes = connector::test::bytesOf(text);
    LineReader reader;
    BOOST_TEST(reader.read(bytes) == Status::Complete);
    BOOST_TEST(bytes.size() == 7);
    BOOST_TEST(reader.line() == "OPENED");
}

BOOST_AUTO_TEST_CASE(a_line_has_at_most_256_bytes_with_its_end) {
    const std::string longest(255, 'x');
    for (const std::size_t size : {1U, 100U, 255U, 256U, 1000U}) {
        BOOST_TEST(linesIn(longest + "\n", size) == std::vector<std::string>{longest},
                   boost::test_tools::per_element());
        BOOST_TEST(linesIn(longest + "x", size) == std::vector<std::string>{"bad"},
                   boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(only_printable_ascii_is_text) {
    for (int byte = 0; byte < 256; ++byte) {
        const auto c = static_cast<char>(byte);
        if (c == '\n') continue;
        const bool isBad = linesIn(std::string("a") + c, 10) == std::vector<std::string>{"bad"};
        BOOST_TEST(isBad == (byte < 0x20 || byte > 0x7E), "byte " << byte);
    }
}

BOOST_AUTO_TEST_CASE(it_knows_whether_it_is_inside_a_line) {
    LineReader reader;
    BOOST_TEST(!reader.isInLine());
    auto bytes = connector::test::bytesOf("BE");
    reader.read(bytes);
    BOOST_TEST(reader.isInLine());
    bytes = connector::test::bytesOf("AT\n");
    reader.read(bytes);
    BOOST_TEST(!reader.isInLine());
}

BOOST_AUTO_TEST_SUITE_END()
