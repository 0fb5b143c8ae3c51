#include "app/ConnectorApplication.h"
#include "cli/CommandLine.h"

#include <string>
#include <vector>

/// jemalloc's settings: what a burst of handshakes has used is given back to the system after half a second.
extern "C" {
extern const char* const malloc_conf;
const char* const malloc_conf = "background_thread:true,dirty_decay_ms:500,muzzy_decay_ms:0,retain:false";
}

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (connector::isCommand(words)) return connector::runCommand(words);
    return connector::ConnectorApplication().serve(argc, argv);
}
