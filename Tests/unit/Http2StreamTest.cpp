#include "Http2Ends.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace {

using namespace connector;
using namespace connector::test;
using Answer = Http2Stream::Answer;
using Status = Stream::Status;

constexpr std::size_t kFirstWindow = 256 * 1024;

/// Sessions with one stream, which is accepted.
struct Accepted : Sessions {
    Accepted() {
        connect();
        openStreams(1);
        thread.run([this] { theirs().stream->accept(); });
        thread.await("the answer", [this] { return mine().stream->answer() == Answer::Accepted; });
    }

    /// Waits until it has nothing more to say to its session, or that to the connection.
    void awaitSent(StreamUser& user) {
        thread.await("sent", [&user] { return user.stream->unsent() == 0; });
    }
};

/// Sessions whose streams have not been answered.
struct Asked : Sessions {
    Asked() {
        connect();
        openStreams(1);
    }

    void awaitAnswer() {
        thread.await("the answer", [this] { return mine().stream->answer() != Answer::Awaited; });
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(Http2StreamAnswers, Asked)

BOOST_AUTO_TEST_CASE(a_refusal_has_a_status_and_a_reason) {
    thread.run([&] { theirs().stream->refuse(502, "nobody is there"); });
    awaitAnswer();
    thread.run([&] {
        BOOST_TEST((mine().stream->answer() == Answer::Refused));
        BOOST_TEST(mine().stream->reason() == "502, nobody is there");
    });
}

BOOST_AUTO_TEST_CASE(a_refusal_without_a_reason_has_its_status) {
    thread.run([&] {
        theirs().stream->refuse(504, "");
        server->arrivals.clear(); // says it nevertheless
    });
    awaitAnswer();
    thread.run([&] {
        BOOST_TEST((mine().stream->answer() == Answer::Refused));
        BOOST_TEST(mine().stream->reason() == "504");
    });
}

BOOST_AUTO_TEST_CASE(a_refusal_comes_though_the_opener_has_sent_much) {
    thread.run([&] {
        theirs().takes = false;
        mine().stream->send(std::string(2 * kFirstWindow, 'x'));
    });
    thread.await("a full window", [&] { return mine().stream->unsent() == kFirstWindow; });
    thread.run([&] { theirs().stream->refuse(503, "not now"); });
    awaitAnswer();
    BOOST_TEST(thread.run([&] { return mine().stream->reason(); }) == "503, not now");
}

BOOST_AUTO_TEST_CASE(a_stream_destroyed_without_an_answer_was_not_processed) {
    thread.run([&] { server->arrivals.clear(); });
    awaitAnswer();
    BOOST_TEST(thread.run([&] { return mine().stream->answer() == Answer::NotProcessed; }));
    BOOST_TEST(thread.run([&] { return mine().stream->isBroken(); }));
}

BOOST_AUTO_TEST_CASE(first_bytes_come_before_the_answer) {
    thread.run([&] { mine().stream->send("first"); });
    thread.await("bytes", [&] { return theirs().received == "first"; });
    BOOST_TEST(thread.run([&] { return mine().stream->answer() == Answer::Awaited; }));
}

BOOST_AUTO_TEST_CASE(of_an_opener_who_has_gone_it_is_a_failure) {
    thread.run([&] { streams.clear(); });
    thread.await("the end", [&] { return theirs().end == Status::Failed; });
    thread.run([&] {
        theirs().stream->accept();
        BOOST_TEST((theirs().stream->send("too late") == Status::Failed));
    });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2StreamEnds, Accepted)

BOOST_AUTO_TEST_CASE(the_opener_may_end_first) {
    thread.run([&] {
        mine().stream->send("question");
        mine().stream->flush();
    });
    awaitSent(mine());
    BOOST_TEST(thread.run([&] { return mine().stream->endSending() == Status::Ok; }));
    thread.await("the end", [&] { return theirs().end == Status::Ended; });
    thread.run([&] { theirs().stream->send("answer"); });
    thread.await("bytes", [&] { return mine().received == "answer"; });
    thread.run([&] {
        BOOST_TEST(theirs().received == "question");
        BOOST_TEST(!mine().end.has_value());
        BOOST_TEST((theirs().stream->endSending() == Status::Ok));
    });
    thread.await("the other end", [&] { return mine().end == Status::Ended; });
    BOOST_TEST(thread.run([&] { return mine().stream->isBroken(); }) == false);
}

BOOST_AUTO_TEST_CASE(the_one_who_serves_may_end_first) {
    BOOST_TEST(thread.run([&] { return theirs().stream->endSending() == Status::Ok; }));
    thread.await("the end", [&] { return mine().end == Status::Ended; });
    thread.run([&] { mine().stream->send("more"); });
    thread.await("bytes", [&] { return theirs().received == "more"; });
    thread.run([&] {
        BOOST_TEST(!theirs().end.has_value());
        mine().stream->endSending();
    });
    thread.await("the other end", [&] { return theirs().end == Status::Ended; });
}

/// Nobody waits for it: the handle is gone as soon as all is said.
BOOST_AUTO_TEST_CASE(a_stream_that_has_ended_both_ways_ends_orderly_when_it_is_destroyed) {
    thread.run([&] { mine().stream->endSending(); });
    thread.await("the end", [&] { return theirs().end == Status::Ended; });
    thread.run([&] {
        theirs().stream->endSending();
        server->arrivals.front().user->stream.reset();
    });
    thread.await("the other end", [&] { return mine().end.has_value(); });
    BOOST_TEST(thread.run([&] { return mine().end == Status::Ended; }));
}

BOOST_AUTO_TEST_CASE(what_the_opener_sent_before_a_reset_comes_first) {
    thread.run([&] {
        theirs().takes = false;
        mine().stream->send("hello");
    });
    awaitSent(mine());
    thread.run([&] { streams.clear(); });
    thread.await("the reset", [&] { return theirs().stream->isBroken(); });
    thread.run([&] { theirs().take(); });
    thread.await("the end", [&] { return theirs().end.has_value(); });
    thread.run([&] {
        BOOST_TEST(theirs().received == "hello");
        BOOST_TEST((theirs().end == Status::Failed));
    });
}

BOOST_AUTO_TEST_CASE(what_the_one_who_serves_sent_before_a_reset_comes_first) {
    thread.run([&] {
        mine().takes = false;
        theirs().stream->send("hello");
    });
    awaitSent(theirs());
    thread.run([&] {
        theirs().stream->resetOnClose();
        server->arrivals.clear();
    });
    thread.await("the reset", [&] { return mine().stream->isBroken(); });
    thread.run([&] { mine().take(); });
    thread.await("the end", [&] { return mine().end.has_value(); });
    thread.run([&] {
        BOOST_TEST(mine().received == "hello");
        BOOST_TEST((mine().end == Status::Failed));
        BOOST_TEST((mine().stream->answer() == Answer::Accepted));
    });
}

BOOST_AUTO_TEST_CASE(a_reset_is_one_though_the_sending_side_has_ended) {
    thread.run([&] { theirs().stream->endSending(); });
    thread.await("the end", [&] { return mine().end == Status::Ended; });
    thread.run([&] {
        theirs().stream->resetOnClose();
        server->arrivals.clear();
    });
    thread.await("the reset", [&] { return mine().stream->isBroken(); });
}

BOOST_AUTO_TEST_CASE(a_stream_may_be_destroyed_by_its_own_handler) {
    thread.run([&] {
        theirs().onCall = [&] { server->arrivals.front().user->stream.reset(); };
        mine().stream->send("hello");
    });
    thread.await("the reset", [&] { return mine().end == Status::Failed; });
    openStreams(0);
    BOOST_TEST(thread.run([&] { return server->destroyed; }) == 1);
    BOOST_TEST(!thread.run([&] { return server->ended.has_value(); }));
}

BOOST_AUTO_TEST_CASE(a_stream_may_be_destroyed_by_the_handler_of_another) {
    thread.run([&] { streams.push_back(opener->open()); });
    thread.await("arrival", [&] { return server->arrivals.size() == 2U; });
    thread.run([&] {
        for (const std::size_t i : {0U, 1U})
            theirs(i).onCall = [this, i] { theirs(1 - i).stream.reset(); };
        mine(0).stream->send("hello");
        mine(1).stream->send("hello");
    });
    thread.await("the reset", [&] { return mine(0).end.has_value() || mine(1).end.has_value(); });
    BOOST_TEST(thread.run([&] { return server->destroyed; }) >= 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2StreamOutlivesSession, Accepted)

BOOST_AUTO_TEST_CASE(and_still_has_what_had_come) {
    thread.run([&] {
        theirs().takes = false;
        mine().stream->send("hello");
    });
    thread.await("bytes", [&] { return !theirs().stream->received().empty(); });
    thread.run([&] { server->session->end("enough"); });
    thread.await("the end of both", [&] { return server->ended && opener->ended; });
    BOOST_TEST(isNothingBuffered());
    thread.run([&] { theirs().take(); });
    thread.await("the end", [&] { return theirs().end.has_value(); });
    thread.run([&] {
        BOOST_TEST(theirs().received == "hello");
        BOOST_TEST((theirs().end == Status::Failed));
        BOOST_TEST((theirs().stream->send("more") == Status::Failed));
        BOOST_TEST((theirs().stream->endSending() == Status::Failed));
        BOOST_TEST(theirs().stream->failure() == "enough");
    });
}

BOOST_AUTO_TEST_CASE(when_that_is_destroyed_without_an_end) {
    thread.run([&] {
        theirs().takes = false;
        mine().stream->send("hello");
    });
    thread.await("bytes", [&] { return !theirs().stream->received().empty(); });
    thread.run([&] { server->session.reset(); });
    BOOST_TEST(isNothingBuffered());
    thread.run([&] { theirs().take(); });
    thread.await("the end", [&] { return theirs().end == Status::Failed; });
    BOOST_TEST(thread.run([&] { return theirs().received; }) == "hello");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2StreamWindow, Accepted)

BOOST_AUTO_TEST_CASE(stops_who_sends_to_one_who_takes_nothing_and_nobody_else) {
    const std::string much(4 * kFirstWindow, 'x');
    thread.run([&] { streams.push_back(opener->open()); });
    thread.await("arrival", [&] { return server->arrivals.size() == 2U; });
    thread.run([&] {
        theirs(0).takes = false;
        mine(0).stream->send(much);
        mine(1).stream->send(much);
    });
    thread.await("what the other sent", [&] { return theirs(1).received.size() == much.size(); });
    BOOST_TEST(thread.run([&] { return mine(0).stream->unsent(); }) == much.size() - kFirstWindow);
    thread.run([&] { theirs(0).take(); });
    thread.await("all of it", [&] { return theirs(0).received == much; });
    BOOST_TEST(isNothingBuffered());
}

BOOST_AUTO_TEST_SUITE_END()
