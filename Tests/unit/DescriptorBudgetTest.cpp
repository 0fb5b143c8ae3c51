#include "net/DescriptorBudget.h"

#include <Poco/Channel.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using connector::DescriptorBudget;
using connector::LimitedLog;

namespace {

constexpr int kAll = 100;
constexpr const char* kSource = "descriptor-budget-test";

/// Keeps the lines.
class Lines final : public Poco::Channel {
  public:
    void log(const Poco::Message& message) override { lines.push_back(message.getText()); }

    std::vector<std::string> lines;
};

struct Budget {
    Budget() {
        Poco::Logger::get(kSource).setChannel(log);
        Poco::Logger::get(kSource).setLevel(Poco::Message::PRIO_INFORMATION);
    }

    /// Until so many are in use.
    void use(std::size_t count) {
        while (leases.size() < count)
            leases.push_back(budget.take());
        leases.resize(count);
    }

    std::size_t linesWith(const std::string& text) const {
        return static_cast<std::size_t>(
            std::count_if(log->lines.begin(), log->lines.end(),
                          [&](const auto& line) { return line.find(text) != std::string::npos; }));
    }

    Poco::AutoPtr<Lines> log{new Lines};
    LimitedLog limited{{.source = kSource, .what = "warnings", .isShared = false}, {}};
    DescriptorBudget budget{kAll, limited};
    std::vector<DescriptorBudget::Lease> leases;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(BudgetOfDescriptors, Budget)

BOOST_AUTO_TEST_CASE(there_are_no_more_than_all) {
    use(kAll);
    BOOST_TEST(budget.left() == 0);
    BOOST_TEST(!budget.take());
    BOOST_TEST(budget.left() == 0);
    use(kAll - 1);
    BOOST_TEST(budget.left() == 1);
    BOOST_TEST(!!budget.take());
}

BOOST_AUTO_TEST_CASE(a_shortage_is_told_once_until_less_than_eight_tenths_are_in_use) {
    use(89);
    BOOST_TEST(log->lines.empty());
    for (int round = 0; round < 3; ++round) {
        use(90);
        BOOST_TEST(linesWith("90 of the 100 descriptors for pipes are in use: when") == 1U);
        use(kAll);
        BOOST_TEST(!budget.take());
        BOOST_TEST(linesWith("none of the 100 descriptors") == 1U);
        use(80);
        BOOST_TEST(linesWith("and no more") == 0U);
    }
    use(79);
    BOOST_TEST(linesWith("79 of the 100 descriptors for pipes are in use, and no more") == 1U);
    use(90);
    BOOST_TEST(linesWith("90 of the 100 descriptors for pipes are in use: when") == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
