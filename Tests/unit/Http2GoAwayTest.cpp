#include "Http2Ends.h"

#include <boost/test/unit_test.hpp>

namespace {

using namespace connector;
using namespace connector::test;
using Role = Http2Session::Role;
using Answer = Http2Stream::Answer;
using Status = Stream::Status;

Frame request(std::uint32_t stream) {
    return {Frame::Headers, Frame::kEndHeaders, stream, fieldBlock(goodRequest())};
}

Frame goAway(std::uint32_t lastStream, std::uint32_t error) {
    return {Frame::GoAway, 0, 0, bigEndian(lastStream) + bigEndian(error)};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(Http2GoAway, Sessions)

BOOST_AUTO_TEST_CASE(lets_no_more_streams_be_opened_and_those_that_are_go_on) {
    connect();
    openStreams(2);
    thread.run([&] {
        theirs(0).stream->accept();
        server->session->goAway();
        BOOST_TEST(!server->session->mayOpen());
    });
    thread.await("GOAWAY", [&] { return opener->goingAway == 1; });
    BOOST_TEST(!thread.run([&] { return opener->session->mayOpen(); }));
    thread.run([&] {
        theirs(1).stream->accept(); // though only now
        for (const std::size_t i : {0U, 1U}) {
            mine(i).stream->send("hello");
            theirs(i).stream->send("hi");
        }
    });
    for (const std::size_t i : {0U, 1U})
        thread.await("bytes", [&] { return theirs(i).received == "hello" && mine(i).received == "hi"; });
}

BOOST_AUTO_TEST_CASE(ends_the_session_with_its_last_stream) {
    connect();
    openStreams(2);
    thread.run([&] {
        theirs(0).stream->accept();
        theirs(1).stream->accept();
        server->session->goAway();
        server->session->goAway(); // once is enough
        streams.erase(streams.begin());
    });
    thread.await("the end of the first", [&] { return theirs(0).end.has_value(); });
    BOOST_TEST(!thread.run([&] { return server->ended || opener->ended; }));
    thread.run([&] { streams.clear(); });
    thread.await("the end", [&] { return server->ended && opener->ended; });
    BOOST_TEST(thread.run([&] { return opener->goingAway; }) == 1);
    BOOST_TEST(thread.run([&] { return server->goingAway; }) == 0); // it knows
}

BOOST_AUTO_TEST_CASE(ends_a_session_without_streams_at_once) {
    connect();
    thread.run([&] { opener->session->goAway(); });
    thread.await("the end", [&] { return server->ended && opener->ended; });
}

BOOST_AUTO_TEST_CASE(crossed_by_a_request_does_not_process_it) {
    connect();
    openStreams(1);
    thread.run([&] {
        server->session->goAway();
        streams.push_back(opener->open());
        streams.back()->stream->send("first");
    });
    thread.await("the answer", [&] { return mine(1).stream->answer() != Answer::Awaited; });
    BOOST_TEST(thread.run([&] { return mine(1).stream->answer() == Answer::NotProcessed; }));
    BOOST_TEST(thread.run([&] { return server->arrivals.size(); }) == 1U);
    thread.run([&] {
        theirs().stream->accept();
        theirs().stream->send("hi");
    });
    thread.await("bytes", [&] { return mine().received == "hi"; });
}

BOOST_AUTO_TEST_CASE(of_the_opener_is_for_both) {
    connect();
    openStreams(1);
    thread.run([&] { opener->session->goAway(); });
    thread.await("GOAWAY", [&] { return server->goingAway == 1; });
    thread.run([&] {
        theirs().stream->accept();
        theirs().stream->send("hi");
    });
    thread.await("bytes", [&] { return mine().received == "hi"; });
    thread.run([&] { server->arrivals.clear(); });
    thread.await("the end", [&] { return server->ended && opener->ended; });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2GoAwayByHand, Wire)

BOOST_AUTO_TEST_CASE(is_told_once) {
    connect(Role::Serves);
    peer->send(request(1));
    peer->send(goAway(0, NGHTTP2_NO_ERROR));
    peer->send(goAway(0, NGHTTP2_NO_ERROR));
    peer->send(Frame{Frame::Data, Frame::kEndStream, 1, "hello"});
    thread.await("bytes", [&] { return !user->arrivals.empty() && user->arrivals.front().user->end; });
    BOOST_TEST(thread.run([&] { return user->goingAway; }) == 1);
    BOOST_TEST(thread.run([&] { return user->arrivals.front().user->received; }) == "hello");
}

BOOST_AUTO_TEST_CASE(streams_that_arrive_after_it_are_not_told_of) {
    connect(Role::Serves);
    peer->send(request(1));
    thread.await("the stream", [&] { return !user->arrivals.empty(); });
    thread.run([&] { user->session->goAway(); });
    const auto said = peer->readUntil(Frame::GoAway);
    BOOST_TEST(said.number() == NGHTTP2_NO_ERROR);
    BOOST_TEST(said.payload.substr(0, 4) == bigEndian(1));
    peer->send(request(3));
    peer->send(Frame{Frame::Data, Frame::kEndStream, 3, "unheard"});
    peer->send(Frame{Frame::Data, Frame::kEndStream, 1, "heard"});
    thread.await("bytes", [&] { return user->arrivals.front().user->received == "heard"; });
    BOOST_TEST(thread.run([&] { return user->arrivals.size(); }) == 1U);
    BOOST_TEST(thread.run([&] { return isNothingBuffered(); }));
}

BOOST_AUTO_TEST_CASE(below_a_streams_number_says_that_it_was_not_processed) {
    connect(Role::Opens);
    thread.run([&] {
        for (int i = 0; i < 2; ++i)
            streams.push_back(user->open());
    });
    peer->readUntil(Frame::Headers);
    peer->readUntil(Frame::Headers);
    peer->send(goAway(1, NGHTTP2_NO_ERROR));
    thread.await("the answer", [&] { return streams.at(1)->stream->answer() == Answer::NotProcessed; });
    BOOST_TEST(thread.run([&] { return streams.at(0)->stream->answer() == Answer::Awaited; }));
}

BOOST_AUTO_TEST_CASE(with_an_error_says_why_the_session_ends) {
    connect(Role::Opens);
    peer->send(goAway(0, NGHTTP2_ENHANCE_YOUR_CALM));
    thread.await("the end", [&] { return user->ended.has_value(); });
    BOOST_TEST(thread.run([&] { return *user->ended; }) == "it ended the session: ENHANCE_YOUR_CALM");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2SessionEnds, Sessions)

BOOST_AUTO_TEST_CASE(and_what_had_no_answer_was_not_processed_and_the_rest_is_broken) {
    connect();
    openStreams(2);
    thread.run([&] { theirs(0).stream->accept(); });
    thread.await("the answer", [&] { return mine(0).stream->answer() == Answer::Accepted; });
    thread.run([&] {
        server->session->end("enough");
        BOOST_TEST((server->ended == "enough"));
        BOOST_TEST(theirs(1).stream->isBroken());
    });
    thread.await("the opener's end", [&] { return opener->ended.has_value(); });
    thread.await("the streams' ends", [&] { return mine(0).end && mine(1).end; });
    thread.run([&] {
        BOOST_TEST((mine(0).stream->answer() == Answer::Accepted));
        BOOST_TEST((mine(0).end == Status::Failed));
        BOOST_TEST((mine(1).stream->answer() == Answer::NotProcessed));
        BOOST_TEST(mine(1).stream->isBroken());
        BOOST_TEST(mine(1).stream->reason() == *opener->ended);
    });
}

BOOST_AUTO_TEST_CASE(by_the_opener_and_its_streams_know_at_once) {
    connect();
    openStreams(1);
    thread.run([&] {
        opener->session->end("enough");
        BOOST_TEST((mine().stream->answer() == Answer::NotProcessed));
        BOOST_TEST(mine().stream->reason() == "enough");
    });
    thread.await("the server's end", [&] { return server->ended.has_value(); });
    thread.await("the stream's end", [&] { return theirs().end == Status::Failed; });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2SessionEndsIn, Wire)

BOOST_AUTO_TEST_CASE(onConnect) {
    connect(Role::Serves);
    thread.run([&] {
        user->onConnecting = [&](auto stream, const auto&) {
            streams.push_back(std::make_unique<StreamUser>(loop, std::move(stream)));
            user->session->end("enough");
        };
    });
    for (const std::uint32_t id : {1U, 3U, 5U})
        peer->send(request(id).toString() + Frame{Frame::Data, 0, id, "hello"}.toString());
    thread.await("the end", [&] { return user->ended.has_value(); });
    BOOST_TEST(thread.run([&] { return streams.size(); }) == 1U);
    thread.await("the stream's end", [&] { return streams.front()->end == Status::Failed; });
    BOOST_TEST(isNothingBuffered());
}

BOOST_AUTO_TEST_CASE(onHeard) {
    connect(Role::Serves);
    thread.run([&] { user->onHearing = [&] { user->session->end("enough"); }; });
    peer->send(request(1));
    thread.await("the end", [&] { return user->ended.has_value(); });
    BOOST_TEST(thread.run([&] { return user->arrivals.empty(); }));
}

BOOST_AUTO_TEST_CASE(onStreamDestroyed) {
    connect(Role::Opens);
    thread.run([&] {
        user->onDestroyed = [&] {
            if (user->session) user->session->end("enough");
        };
        for (int i = 0; i < 3; ++i)
            streams.push_back(user->open());
        streams.front()->onCall = [&] { streams.front()->stream.reset(); };
        streams.front()->stream->again();
    });
    thread.await("the end", [&] { return user->ended.has_value(); });
    thread.await("the other streams' ends", [&] { return streams.at(1)->end && streams.at(2)->end; });
}

BOOST_AUTO_TEST_CASE(onMostStreams) {
    connect(Role::Opens);
    thread.run([&] {
        user->onMost = [&] {
            if (user->session) user->session->end("enough");
        };
        if (user->session) streams.push_back(user->open());
    });
    peer->send(Frame{Frame::Settings, 0, 0, ""});
    thread.await("the end", [&] { return user->ended.has_value(); });
}

BOOST_AUTO_TEST_CASE(onGoingAway) {
    connect(Role::Opens);
    thread.run([&] {
        streams.push_back(user->open());
        user->onGoing = [&] { user->session->end("enough"); };
    });
    peer->readUntil(Frame::Headers);
    peer->send(goAway(1, NGHTTP2_NO_ERROR));
    thread.await("the end", [&] { return user->ended.has_value(); });
    BOOST_TEST(thread.run([&] { return *user->ended; }) == "enough");
}

BOOST_AUTO_TEST_CASE(a_streams_handler) {
    connect(Role::Serves);
    thread.run([&] {
        user->onConnecting = [&](auto stream, const auto&) {
            stream->accept();
            streams.push_back(std::make_unique<StreamUser>(loop, std::move(stream)));
            streams.back()->onCall = [&] {
                if (user->session) user->session->end("enough");
            };
        };
    });
    for (const std::uint32_t id : {1U, 3U, 5U})
        peer->send(request(id).toString() + Frame{Frame::Data, 0, id, "hello"}.toString());
    thread.await("the end", [&] { return user->ended.has_value(); });
    BOOST_TEST(thread.run([&] { return *user->ended; }) == "enough");
}

BOOST_AUTO_TEST_SUITE_END()
