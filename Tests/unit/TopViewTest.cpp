#include "cli/top/TopView.h"
#include "cli/top/Columns.h"

#include <boost/test/unit_test.hpp>

using namespace connector;
using namespace std::chrono_literals;
using Kind = Key::Kind;

namespace {

Snapshot snapshot(int mappings) {
    Snapshot result;
    result.server.version = "9.8.7";
    result.server.database = "ok";
    result.server.mappings = mappings;
    for (int number = 0; number < mappings; ++number) {
        auto& mapping = result.mappings.emplace_back();
        mapping.id = "id-" + std::to_string(100000 + number);
        mapping.type = "public";
        mapping.state = number == 1 ? "degraded" : "open";
    }
    return result;
}

ConnectionsSample connectionsOf(const std::string& id, int count, std::int64_t bytes,
                                std::chrono::seconds when) {
    ConnectionsSample sample;
    sample.id = id;
    sample.areKnown = true;
    sample.when = std::chrono::steady_clock::time_point(when);
    for (int number = 0; number < count; ++number) {
        auto& connection = sample.connections.emplace_back();
        connection.number = 1000 + number;
        connection.port = 1;
        connection.address = "192.0.2." + std::to_string(number);
        connection.bytesIn = bytes;
        connection.state = "waiting";
    }
    return sample;
}

/// A view of so many mappings, sorted by id, on a screen of 100 cells and 20 lines.
struct Viewed {
    explicit Viewed(int mappings = 100) : view("http://127.0.0.1:8080", columnNamed("id"), false, "") {
        view.take(snapshot(mappings));
    }

    std::string text(ScreenSize size = {100, 20}) {
        std::string all;
        for (const auto& line : view.frame(size))
            all += line.text + '\n';
        return all;
    }

    bool shows(const std::string& part) { return text().find(part) != std::string::npos; }

    /// The line that is selected, and what it looks like otherwise.
    FrameLine selected() {
        for (const auto& line : view.frame({100, 20}))
            if (line.look == Look::Selected || line.look == Look::BadSelected) return line;
        return {};
    }

    void type(const std::string& characters) {
        for (const char character : characters)
            view.handle({Kind::Character, std::string(1, character)});
    }

    TopView view;
};

} // namespace

BOOST_AUTO_TEST_SUITE(TopViewing)

BOOST_AUTO_TEST_CASE(header_tells_of_the_server) {
    Viewed viewed(3);
    for (const std::string part :
         {"9.8.7", "running, up", "http://127.0.0.1:8080", "mappings 3", "degraded 0", "agents 0",
          "visitors 0", "relays 0", "traffic", "descriptors", "database ok"})
        BOOST_TEST(viewed.shows(part), part);
}

BOOST_AUTO_TEST_CASE(frame_has_as_many_lines_as_the_screen) {
    Viewed viewed;
    for (std::size_t lines = 1; lines < 40; ++lines)
        BOOST_TEST(viewed.view.frame({100, lines}).size() == lines);
    viewed.view.handle({Kind::Enter});
    viewed.view.take(connectionsOf("id-100000", 50, 0, 1s));
    for (std::size_t lines = 1; lines < 40; ++lines)
        BOOST_TEST(viewed.view.frame({100, lines}).size() == lines);
}

BOOST_AUTO_TEST_CASE(server_that_is_away_is_said_until_it_answers) {
    Viewed viewed;
    viewed.view.takeFailure("no Connector answers");
    BOOST_TEST(viewed.shows("away"));
    BOOST_TEST(viewed.shows("trying again: no Connector answers"));
    BOOST_TEST(viewed.shows("id-100000")); // what was seen last
    viewed.view.take(snapshot(100));
    BOOST_TEST(!viewed.shows("away"));
    BOOST_TEST(viewed.shows("running"));
}

BOOST_AUTO_TEST_CASE(keys_select_and_scroll) {
    Viewed viewed;
    BOOST_TEST(viewed.selected().text.starts_with("id-100000"));
    viewed.view.handle({Kind::Down});
    BOOST_TEST((viewed.selected().look == Look::BadSelected)); // degraded
    viewed.type("jk");
    BOOST_TEST(viewed.selected().text.starts_with("id-100001"));
    viewed.view.handle({Kind::End});
    BOOST_TEST(viewed.selected().text.starts_with("id-100099"));
    BOOST_TEST(!viewed.shows("id-100000"));
    viewed.view.handle({Kind::PageUp});
    BOOST_TEST(!viewed.selected().text.starts_with("id-100099"));
    viewed.view.handle({Kind::Home});
    BOOST_TEST(viewed.selected().text.starts_with("id-100000"));
    viewed.view.handle({Kind::Up});
    BOOST_TEST(viewed.selected().text.starts_with("id-100000"));
}

BOOST_AUTO_TEST_CASE(selection_stays_at_its_mapping) {
    Viewed viewed;
    viewed.view.handle({Kind::Down});
    viewed.view.handle({Kind::Down});
    viewed.type("r");
    BOOST_TEST(viewed.selected().text.starts_with("id-100002"));
    viewed.view.take(snapshot(2)); // it is gone
    BOOST_TEST(viewed.selected().text.starts_with("id-100000"));
    viewed.view.take(snapshot(0));
    BOOST_TEST(viewed.shows("There are no mappings."));
    BOOST_TEST(viewed.view.handle({Kind::Enter})); // nothing is there to be shown
    BOOST_TEST(viewed.view.detailed() == "");
}

BOOST_AUTO_TEST_CASE(filter_is_typed) {
    Viewed viewed;
    viewed.type("/000099q");
    BOOST_TEST(viewed.shows("No mapping has \"000099q\""));
    viewed.view.handle({Kind::Backspace});
    BOOST_TEST(viewed.shows("No mapping has \"000099\""));
    for (int i = 0; i < 4; ++i)
        viewed.view.handle({Kind::Backspace});
    BOOST_TEST(viewed.shows("id-100000"));
    viewed.type("002");
    viewed.view.handle({Kind::Enter});
    BOOST_TEST(viewed.shows("filter: 00002 (1 of 100)"));
    viewed.view.handle({Kind::Escape});
    BOOST_TEST(!viewed.shows("filter: "));
}

BOOST_AUTO_TEST_CASE(character_is_taken_back_whole) {
    Viewed viewed;
    viewed.type("/");
    viewed.view.handle({Kind::Character, "a"});
    viewed.view.handle({Kind::Character, "\u00e4"});
    viewed.view.handle({Kind::Backspace});
    BOOST_TEST(viewed.shows("filter: a_"));
}

BOOST_AUTO_TEST_CASE(columns_are_gone_through_in_a_circle) {
    Viewed viewed;
    BOOST_TEST(viewed.shows("^ID"));
    viewed.view.handle({Kind::Left});
    BOOST_TEST(viewed.shows("^STATE"));
    viewed.type(">");
    BOOST_TEST(viewed.shows("^ID"));
    viewed.type("r");
    BOOST_TEST(viewed.shows("vID"));
}

BOOST_AUTO_TEST_CASE(details_have_connections_with_rates) {
    Viewed viewed;
    viewed.view.handle({Kind::Enter});
    BOOST_TEST(viewed.view.detailed() == "id-100000");
    BOOST_TEST(viewed.shows("being asked for"));
    viewed.view.take(connectionsOf("id-100001", 1, 0, 1s)); // an answer to what was asked before
    BOOST_TEST(viewed.shows("being asked for"));
    viewed.view.take(connectionsOf("id-100000", 40, 0, 1s));
    BOOST_TEST(viewed.shows("192.0.2.0 "));
    viewed.view.take(connectionsOf("id-100000", 40, 5000, 3s));
    BOOST_TEST(viewed.shows("2.5 kB"));
    BOOST_TEST(!viewed.shows("192.0.2.39"));
    viewed.view.handle({Kind::End});
    BOOST_TEST(viewed.shows("192.0.2.39"));
    viewed.view.handle({Kind::Escape});
    BOOST_TEST(viewed.view.detailed() == "");
    BOOST_TEST(viewed.shows("Enter details"));
}

BOOST_AUTO_TEST_CASE(server_without_a_list_of_connections_is_no_failure) {
    Viewed viewed;
    viewed.view.handle({Kind::Enter});
    ConnectionsSample unknown;
    unknown.id = "id-100000";
    viewed.view.take(unknown);
    BOOST_TEST(viewed.shows("does not tell the connections"));
    BOOST_TEST(viewed.shows("bytes from port1"));
}

BOOST_AUTO_TEST_CASE(mapping_that_is_removed_is_said) {
    Viewed viewed;
    viewed.view.handle({Kind::End});
    viewed.view.handle({Kind::Enter});
    viewed.view.take(snapshot(5));
    BOOST_TEST(viewed.shows("The mapping is removed."));
}

BOOST_AUTO_TEST_CASE(help_comes_and_goes) {
    Viewed viewed;
    viewed.type("?");
    BOOST_TEST(viewed.shows("sort by another column"));
    viewed.view.handle({Kind::Escape});
    BOOST_TEST(viewed.shows("id-100000"));
}

BOOST_AUTO_TEST_CASE(q_ends_it) {
    Viewed viewed;
    BOOST_TEST(viewed.view.handle({Kind::Character, "x"}));
    BOOST_TEST(!viewed.view.handle({Kind::Character, "q"}));
}

BOOST_AUTO_TEST_SUITE_END()
