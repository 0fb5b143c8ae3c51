#include "app/Configuration.h"

#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace {

/// database: JSON.
Configuration with(const std::string& database) {
    return Configuration::parse(
        R"({"ports": ["6000-6050"], "address": "localhost", "dev": true, "database": )" + database + "}",
        "/etc/connector/file");
}

std::string refusalOf(const std::string& database) {
    try {
        with(database);
    } catch (const ConfigurationError& error) {
        return error.what();
    }
    return "";
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(LocationOfTheDatabase)

BOOST_AUTO_TEST_CASE(a_path_is_a_file_of_this_machine) {
    for (const auto* text : {R"("a.db")", R"({"url": "a.db"})"}) {
        const auto location = with(text).database;
        BOOST_TEST(!location.isShared());
        BOOST_TEST(location.path == "/etc/connector/a.db");
        BOOST_TEST(location.localFile() == location.path);
        BOOST_TEST(location.name() == location.path);
    }
}

BOOST_AUTO_TEST_CASE(a_uri_is_shared) {
    const auto location = with(R"("postgresql://me@a,b:5433/db?sslmode=verify-full")").database;
    BOOST_TEST(location.isShared());
    BOOST_TEST(location.uri == "postgresql://me@a,b:5433/db?sslmode=verify-full");
    BOOST_TEST(location.name() == "postgresql://me@a,b:5433/db");
    BOOST_TEST(location.passwordFile.empty());
    BOOST_TEST(location.localFile() == "/var/lib/iofog-connector/cache.db");
}

BOOST_AUTO_TEST_CASE(an_object_has_more) {
    const auto location =
        with(R"({"url": "postgres://me@a/db", "password-file": "secret", "cache": "/x/c.db"})").database;
    BOOST_TEST(location.passwordFile == "/etc/connector/secret");
    BOOST_TEST(location.localFile() == "/x/c.db");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said) {
    BOOST_TEST(has(refusalOf(R"("")"), "database: \"\" is not allowed; it must be the path of a file"));
    BOOST_TEST(has(refusalOf(R"("mysql://a/b")"), "postgresql://USER@HOST/DATABASE"));
    BOOST_TEST(has(refusalOf("7"), "database: "));
    BOOST_TEST(has(refusalOf("{}"), "database.url: missing"));
    BOOST_TEST(has(refusalOf(R"({"url": "a.db", "cache": "c.db"})"), "database.cache"));
    BOOST_TEST(has(refusalOf(R"({"url": "a.db", "password-file": "c"})"), "database.password-file"));
    BOOST_TEST(has(refusalOf(R"({"url": "postgres://a/b", "cache": ""})"), "database.cache"));
    BOOST_TEST(has(refusalOf(R"({"url": "postgres://a/b", "cash": "c"})"), "database.cash: unknown key"));
}

BOOST_AUTO_TEST_CASE(a_password_is_not_taken_and_not_shown) {
    for (const auto* uri :
         {"postgresql://me:s3cret@a/db", "postgresql://me:s3/cr@et@a/db",
          "postgres://me@a/db?password=s3cret", "postgres://me@a/db?a=b&pass%77ord=s3cret",
          "postgres://me@a/db?sslpassword=s3cret", "postgresql://:s3cret@a", "mysql://me:s3cret@a/db"}) {
        const auto refusal = refusalOf("\"" + std::string(uri) + "\"");
        BOOST_TEST(has(refusal, "database: there is a password in it"), uri);
        BOOST_TEST(has(refusal, "database.password-file"), uri);
        BOOST_TEST(!has(refusal, "s3"), refusal);
    }
    BOOST_TEST(has(refusalOf(R"({"url": "postgresql://me:s3cret@a/db"})"), "database.url: there is"));
    for (const auto* uri : {"postgresql://a:5432/db", "postgresql://me@[::1]:5432/db?options=-cx%3Dpassword"})
        BOOST_TEST(refusalOf("\"" + std::string(uri) + "\"") == "");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
