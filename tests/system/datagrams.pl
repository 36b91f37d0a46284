#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Datagrams that no DTLS library sends, for test_hostile.sh.
#
#   datagrams.pl hello HOST:PORT                 ClientHellos of all kinds; a line "NAME: what came back" for each
#   datagrams.pl relay HOST:PORT FILE            passes datagrams on, each of the device three times, noise between;
#                                                writes its own address to FILE
#   datagrams.pl octets HEX..                    to standard output, one write each: s_client makes a record of it
use strict;
use warnings;
use IO::Socket::INET;
use IO::Select;

my ($what, $server, $file) = @ARGV;

sub fresh { # a socket with a port of its own
	return IO::Socket::INET->new(Proto => 'udp', PeerAddr => $server, LocalAddr => '127.0.0.1') || die "socket: $!";
}

sub answer { # what comes back, or ''
	my ($s, $datagram, $wait) = @_;
	my $got = '';

	$s->send($datagram);
	$s->recv($got, 4096) if IO::Select->new($s)->can_read($wait);
	return $got;
}

# RFC 6347, 4.2.1 and 4.2.2: record, handshake header, version, random, session id, cookie, suites, compression.
sub hello {
	my ($cookie, $seq) = @_;
	my $body = pack('n', 0xfefd) . ("\x5a" x 32) . "\0" . pack('C/a*', $cookie) . "\0\2\0\xa8" . "\1\0";
	my $message = pack('C', 1) . substr(pack('N', length $body), 1) . pack('n', $seq) . "\0\0\0" .
		substr(pack('N', length $body), 1) . $body;

	return pack('CnnNnn', 22, 0xfeff, 0, 0, $seq, length $message) . $message;
}

sub kind {
	my ($got) = @_;

	return 'nothing' if $got eq '';
	my ($type, $handshake) = (unpack('C', $got), unpack('x13C', $got));
	return 'hello_verify_request' if $type == 22 && $handshake == 3;
	return 'server_hello' if $type == 22 && $handshake == 2;
	return "alert " . unpack('x14C', $got) if $type == 21;
	return "type $type";
}

sub hellos {
	my ($a, $b) = (fresh(), fresh());
	my $first = hello('', 0);
	my $got = answer($a, $first, 1);
	my $cookie = length($got) > 28 ? unpack('x27C/a*', $got) : '';
	my $wrong = $cookie ^ ("\1" . "\0" x (length($cookie) - 1));
	my $good = hello($cookie, 1);
	my $cut = 0;

	print 'without a cookie: ', kind($got), "\n";
	print 'longer than the request: ', (length($got) > length($first) ? 'yes' : 'no'), "\n";
	print 'wrong cookie: ', kind(answer($a, hello($wrong, 1), 1)), "\n";
	print 'cookie of another address: ', kind(answer($b, $good, 1)), "\n";
	for my $n (0 .. length($good) - 1) {
		$a->send(substr($good, 0, $n));
	}
	while (IO::Select->new($a)->can_read(0.2)) {
		my $extra;
		$a->recv($extra, 4096);
		$cut++;
	}
	print "cut at each octet: $cut answers\n";
	print 'a good cookie: ', kind(answer($a, $good, 1)), "\n";

	my $c = fresh();
	my $noise = '';
	for my $datagram ("\x17\xfe\xfd\0\1\0\0\0\0\0\1\0\1\0", "\x15\xfe\xfd\0\0\0\0\0\0\0\0\0\2\2\x28",
		"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\0\5\1\0\0\1\0", "\x40\2\x12\x34\xb2bs", "\xff" x 1400) {
		$noise .= answer($c, $datagram, 0.1);
	}
	print 'noise, and CoAP without DTLS: ', kind($noise), "\n";
}

sub relay {
	my $down = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1') || die "socket: $!";
	my $up = fresh();
	my $both = IO::Select->new($down, $up);
	my ($device, $d);

	open(my $f, '>', "$file.new") || die "$file: $!";
	print $f '127.0.0.1:' . $down->sockport;
	close($f);
	rename("$file.new", $file);
	while (my @ready = $both->can_read(10)) {
		for my $s (@ready) {
			if ($s == $up) {
				$up->recv($d, 4096);
				$down->send($d, 0, $device) if defined $device;
				next;
			}
			$device = $down->recv($d, 4096);
			$up->send($d);
			next if unpack('C', $d) != 23; # the records of the session: again, forged, cut, and noise
			$up->send($d);
			$up->send(substr($d, 0, -1) . chr(ord(substr($d, -1)) ^ 1));
			$up->send(substr($d, 0, length($d) / 2));
			$up->send("\x15\xfe\xfd\0\0\0\0\0\0\0\x09\0\2\2\x28"); # a fatal alert in the clear
			$up->send("\x17\xfe\xfd\0\1\0\0\0\0\xff\xff\0\x20" . "\xaa" x 32);
			$up->send("\0" x 40);
			$up->send($d);
		}
	}
}

sub octets {
	shift @ARGV;
	$| = 1;
	select(undef, undef, undef, 0.6); # the handshake
	for my $hex (@ARGV) {
		print pack('H*', $hex =~ tr/ //dr);
		select(undef, undef, undef, 0.08);
	}
	select(undef, undef, undef, 0.3);
}

my %subs = (hello => \&hellos, relay => \&relay, octets => \&octets);
($subs{$what // ''} || die "datagrams.pl hello|relay|octets ..\n")->();
