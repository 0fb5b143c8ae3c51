#include "app/ReloadPlan.h"

#include <boost/test/unit_test.hpp>

#include <Poco/TemporaryFile.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>

using connector::Configuration;
using connector::ConfigurationError;
using connector::ReloadPlan;
using Keys = std::vector<std::string>;

namespace {

/// A configuration for development, and more members of its outermost object.
std::string configurationWith(const std::string& members) {
    return R"({"ports": ["6000-6050"], "address": "localhost", "dev": true, "visitors": {"visitorsperaddress": 0,
        "visitorrate": 0, "allow": [], "deny": [], "relayidle": 0, "bandwidth": 0})" +
           (members.empty() ? "" : ", " + members) + "}";
}

struct Changed {
    explicit Changed(const std::string& before = "")
        : running(Configuration::parse(configurationWith(before), file.path())) {}

    ReloadPlan planned(const std::string& members) {
        std::ofstream(file.path()) << configurationWith(members);
        return ReloadPlan(running, file.path());
    }

    Poco::TemporaryFile file;
    Configuration running;
};

std::string refusalOf(Changed& changed, const std::string& members) {
    try {
        changed.planned(members);
    } catch (const ConfigurationError& error) {
        return error.what();
    }
    return "";
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(ReloadPlans)

BOOST_AUTO_TEST_CASE(every_key_either_takes_effect_or_needs_a_restart) {
    std::set<std::string> read;
    for (const auto& [key, value] : Configuration::parse(configurationWith(R"("broker": 0)"), "test").values)
        read.insert(key);
    auto listed = ReloadPlan::reloadableKeys();
    for (const auto& key : ReloadPlan::keptKeys())
        BOOST_TEST(listed.insert(key).second, key << " can't be both");
    BOOST_TEST(read == listed, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_equal_file_changes_nothing) {
    Changed changed(R"("limits": {"visitor-wait": 5000})");
    const auto plan = changed.planned(R"("limits": {"visitor-wait": 5000})");
    BOOST_TEST(plan.report.changed.empty());
    BOOST_TEST(plan.report.kept.empty());
}

BOOST_AUTO_TEST_CASE(what_says_the_same_otherwise_is_no_change) {
    Changed changed;
    const auto plan = changed.planned(
        R"("limits": {"visitor-wait": 10000}, "api": {"hosts": []}, "log": {"level": "information"})");
    BOOST_TEST(plan.report.changed.empty());
}

BOOST_AUTO_TEST_CASE(changes_are_named_and_new_values_are_there) {
    Changed changed(R"("limits": {"visitor-wait": 5000}, "log": {"level": "debug"})");
    const auto plan = changed.planned(
        R"("limits": {"open": 7}, "api": {"identities": [{"name": "a", "network": "::1/128"}]})");
    BOOST_TEST(plan.report.changed ==
                   (Keys{"api.identities", "limits.open", "limits.visitor-wait", "log.level"}),
               boost::test_tools::per_element());
    BOOST_TEST(plan.next.pipes.limits.open.count() == 7);
    BOOST_TEST(plan.next.pipes.limits.visitorWait.count() == 10000);
    BOOST_TEST(plan.next.logLevel == "information");
}

BOOST_AUTO_TEST_CASE(what_needs_a_restart_is_kept_and_the_rest_is_taken) {
    Changed changed(R"("database": "a.db")");
    const auto plan = changed.planned(R"("api": {"port": 9090}, "database": "b.db", "threads": 200,
        "limits": {"open": 7})");
    BOOST_TEST(plan.report.changed == (Keys{"limits.open"}), boost::test_tools::per_element());
    BOOST_TEST(inWords(plan.report.kept)
                   .starts_with("api.port (8080, the file says 9090), database (\"a.db\", "
                                "the file says \"b.db\"), threads ("));
    BOOST_TEST(plan.next.api.port == 8080);
    BOOST_TEST(plan.next.database.path.ends_with("a.db"));
    BOOST_TEST(plan.next.threads == changed.running.threads);
}

BOOST_AUTO_TEST_CASE(a_token_is_not_kept) {
    const auto identity = [](const std::string& token) {
        return R"("api": {"identities": [{"name": "a", "token": ")" + token + R"("}]})";
    };
    Changed changed(identity("0123456789abcdef"));
    BOOST_TEST(changed.planned(identity("0123456789abcdef")).report.changed.empty());
    const auto plan = changed.planned(identity("fedcba9876543210"));
    BOOST_TEST(plan.report.changed == (Keys{"api.identities"}), boost::test_tools::per_element());
    for (const auto& [key, value] : plan.next.values)
        BOOST_TEST(!has(value, "fedcba9876543210"), key);
}

BOOST_AUTO_TEST_CASE(wrong_files_are_refused) {
    Changed changed;
    BOOST_TEST(has(refusalOf(changed, R"("limits": {"open": 0})"), "limits.open: 0 is not allowed"));
    BOOST_TEST(has(refusalOf(changed, R"("limits": {"opne": 5})"), "limits.opne: unknown key"));
    BOOST_TEST(has(refusalOf(changed, R"("ports": 5)"), "ports: the key is given twice"));
}

/// Right for a restart, which would let it listen on loopback only.
BOOST_AUTO_TEST_CASE(the_api_is_not_opened_to_all_where_it_listens_on_all_addresses) {
    Changed changed(R"("api": {"identities": [{"name": "a", "network": "10.0.0.0/8"}]})");
    const auto refusal = refusalOf(changed, "");
    BOOST_TEST(has(refusal, "api.bind: \"::\" is not allowed"), refusal);
    BOOST_TEST(has(refusal, "until then these stay: api.bind (\"::\", the file says \"127.0.0.1\")"),
               refusal);
    BOOST_TEST(refusalOf(changed, R"("api": {"anonymous": true})") == "");
}

/// Right for a restart, which would have the API on another port.
BOOST_AUTO_TEST_CASE(the_apis_port_is_not_given_to_mappings) {
    Changed changed(R"("api": {"port": 5999})");
    const std::string before = R"("ports": ["6000-6050"])";
    auto text = configurationWith(R"("api": {"port": 6051})");
    text.replace(text.find(before), before.size(), R"("ports": ["5999-6050"])");
    std::ofstream(changed.file.path()) << text;
    BOOST_CHECK_EXCEPTION(ReloadPlan(changed.running, changed.file.path()), ConfigurationError,
                          [](const auto& error) { return has(error.what(), "api.port: 5999 is one of"); });
}

BOOST_AUTO_TEST_SUITE_END()
