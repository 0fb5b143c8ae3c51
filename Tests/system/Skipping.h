#pragma once

#include <string>

namespace connector::test {

/// For a test that can't be run here; it returns after this. Says what is skipped and why, on standard error
/// and, for the sum at the end of ./do test, in the file that CONNECTOR_SKIPPED names. With CI=true the test
/// fails: there, nothing may be skipped.
void skipTest(const std::string& why);

} // namespace connector::test
