#include "agent/DialTurns.h"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace {

using namespace connector;

class Counter final : public DialTurns::Waiter {
  public:
    void onTurn() override { ++turns; }
    int turns = 0;
};

/// All turns are taken, and one more waits.
struct Crowd {
    Crowd() {
        for (auto& one : first)
            turns.request(one);
        turns.request(next);
    }

    DialTurns turns;
    std::vector<Counter> first{DialTurns::kTurns};
    Counter next;
};

} // namespace

BOOST_AUTO_TEST_SUITE(DialTurnsTest)

BOOST_AUTO_TEST_CASE(TurnThatIsGivenBackIsTheNextOnes) {
    Crowd crowd;
    for (const auto& one : crowd.first)
        BOOST_TEST(one.turns == 1);
    BOOST_TEST(crowd.next.turns == 0);
    crowd.turns.done();
    BOOST_TEST(crowd.next.turns == 1);
}

BOOST_AUTO_TEST_CASE(NobodyIsCalledAfterClosing) {
    Crowd crowd;
    crowd.turns.close();
    crowd.turns.done();
    BOOST_TEST(crowd.next.turns == 0);
    Counter late;
    crowd.turns.request(late);
    BOOST_TEST(late.turns == 0);
}

BOOST_AUTO_TEST_SUITE_END()
