// The program of all unit tests: Boost.Test supplies main().
#define BOOST_TEST_MODULE unit
#include <boost/test/unit_test.hpp>
