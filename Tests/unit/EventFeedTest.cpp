#include "pipe/EventFeed.h"

#include <boost/test/unit_test.hpp>

namespace connector {

namespace {

Mapping mappingOf(const std::string& id) {
    Mapping mapping;
    mapping.id = id;
    return mapping;
}

struct Feed {
    explicit Feed(std::size_t kept = 3, std::size_t listeners = 2)
        : feed({.kept = kept, .listeners = listeners}) {}

    void publish(int times) {
        for (int i = 0; i < times; ++i)
            feed.publish("mapping-opened", mappingOf("x"));
    }

    EventFeed feed;
};

} // namespace

BOOST_AUTO_TEST_SUITE(EventFeeds)

BOOST_AUTO_TEST_CASE(ListenerIsToldOfWhatFollows) {
    Feed feed;
    feed.publish(1);
    const auto listener = feed.feed.listen({});
    BOOST_TEST(listener->next()->empty());
    feed.publish(2);
    const auto events = listener->next().value();
    BOOST_REQUIRE(events.size() == 2);
    BOOST_TEST(events[0].name == "mapping-opened");
    BOOST_TEST(events[1].number == events[0].number + 1);
    BOOST_TEST(events[0].json.find(R"({"id":"x","type":"public","timestamp":)") == 0);
    BOOST_TEST(listener->next()->empty());
    BOOST_TEST(!listener->hasMissed());
}

BOOST_AUTO_TEST_CASE(ListenerIsWokenOnceUntilItHasTakenAll) {
    Feed feed;
    const auto listener = feed.feed.listen({});
    int woken = 0;
    listener->start([&] { ++woken; });
    listener->next();
    feed.publish(2);
    BOOST_TEST(woken == 1);
    BOOST_TEST(listener->next()->size() == 2);
    feed.publish(1);
    BOOST_TEST(woken == 1, "it has not seen yet that there was nothing more");
    BOOST_TEST(listener->next()->size() == 1);
    BOOST_TEST(listener->next()->empty());
    feed.publish(1);
    BOOST_TEST(woken == 2);
}

BOOST_AUTO_TEST_CASE(SlowListenerIsLost) {
    Feed feed;
    const auto listener = feed.feed.listen({});
    feed.publish(3);
    BOOST_TEST(listener->next()->size() == 3);
    feed.publish(4);
    BOOST_TEST(!listener->next());
}

BOOST_AUTO_TEST_CASE(ListenerGoesOnWhereItWas) {
    Feed feed;
    auto listener = feed.feed.listen({});
    feed.publish(1);
    const auto last = listener->next()->front().number;
    feed.publish(3);
    const auto back = feed.feed.listen(last);
    BOOST_TEST(!back->hasMissed());
    BOOST_TEST(back->next()->front().number == last + 1);
    listener.reset();
    feed.publish(1);
    const auto late = feed.feed.listen(last);
    BOOST_TEST(late->hasMissed());
    BOOST_TEST(late->next()->front().number == last + 2);
}

/// It was another process's, or nobody's.
BOOST_AUTO_TEST_CASE(UnknownNumbersAreMissed) {
    Feed feed;
    feed.publish(1);
    for (const std::uint64_t number : {std::uint64_t{1}, ~std::uint64_t{0}}) {
        const auto listener = feed.feed.listen(number);
        BOOST_TEST(listener->hasMissed());
        BOOST_TEST(listener->next()->size() == 1);
    }
}

BOOST_AUTO_TEST_CASE(SoManyMayListen) {
    Feed feed;
    auto one = feed.feed.listen({});
    const auto other = feed.feed.listen({});
    BOOST_TEST(!feed.feed.listen({}));
    one.reset();
    BOOST_TEST(feed.feed.listen({}));
    feed.feed.limit({.kept = 1, .listeners = 3});
    const auto second = feed.feed.listen({});
    BOOST_TEST(feed.feed.listen({}));
    feed.publish(2);
    BOOST_TEST(!second->next(), "no more than one is kept");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector
