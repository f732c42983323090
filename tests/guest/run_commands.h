// SPDX-License-Identifier: GPL-2.0-only
// What the tests of `run` have run: small programs that use the network. The test program is all of them: started as
// "nft-drops-guest-tests --as NAME ...", it is that command and no test.
//
//	tcp ADDRESS PORT...        connects to one address after the other, for at most a second each
//	many ADDRESS PORT N        N connections at once; each is tried for at most ten seconds
//	udp ADDRESS PORT N MS      N datagrams from an unconnected socket, each waited for MS milliseconds
//	quic ADDRESS PORT N MS     the same from a connected socket
//	echo PORT MS               answers to datagrams, each after MS milliseconds, until it is killed
//	listen PORT                listens, says "ready", accepts one connection, sends "hello", ends with stdin
//	relay ADDRESS PORT         listens at 127.0.0.53:53, says "ready", asks ADDRESS anew for each query
//	ping ADDRESS socket|raw    one ICMP echo, waited for one second
//	daemon ADDRESS PORT FILE   forks twice; the daemon sends once FILE is there
//	terminal                   whether all three files are one terminal, and this its foreground process group
#ifndef NFT_DROPS_TESTS_GUEST_RUN_COMMANDS_H
#define NFT_DROPS_TESTS_GUEST_RUN_COMMANDS_H

#include <string>
#include <vector>

namespace nft_drops::guest {

// The words that start this program as such a command.
std::vector<std::string> as(std::vector<std::string> command);

// What main() does first: returns an exit status, or -1 where the program is to run tests.
int become_command(int argc, char **argv);

} // namespace nft_drops::guest

#endif
