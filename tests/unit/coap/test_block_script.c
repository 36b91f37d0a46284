/* SPDX-License-Identifier: Apache-2.0 */
/* Block-wise transfer (RFC 7959) through the exchange, one script each; octets by hand. */
#include "tests/lib/test.h"
#include "tests/lib/coap_script.h"

/* PUT /0 in format 112, 40 octets in blocks of 16: Block1 0/1/16 with Size1 40, 1/1/16, 2/0/16. */
#define PUT_40 "params 2000 4 16", "put 40"
#define PUT_40_FIRST "> 48 03 M? T? B130 1170 D10208 D11428 FF P0,16"
#define PUT_40_SECOND "> 48 03 M? T B130 1170 D10218 FF P16,16"
#define PUT_40_LAST "> 48 03 M? T B130 1170 D10220 FF P32,8"
#define CONTINUE_0 "< 68 5F M T D10E08"
#define CONTINUE_1 "< 68 5F M T D10E18"
/* PUT /0, 100 octets in blocks of 64: Block1 0/1/64, Size1 100. */
#define PUT_100 "params 2000 4 64", "put 100", "> 48 03 M? T? B130 1170 D1020A D11464 FF P0,64"
#define GET "get", "> 48 01 M? T? D104 28"
/* 2.05 in format 40 with Block2 0/1/16; then asked: Block2 1/0/16, 2/0/16. */
#define PART_0 "< 68 45 M T C128 B108 FF P0,16"
#define ASK_1 "> 48 01 M? T D104 28 6110"
#define PART_1 "< 68 45 M T C128 B118 FF P16,16"
#define ASK_2 "> 48 01 M? T D104 28 6120"

static const struct coap_script scripts[] = {
	/* Out: Block1. */
	{ "three blocks", { PUT_40, PUT_40_FIRST, CONTINUE_0, PUT_40_SECOND, CONTINUE_1, PUT_40_LAST, "open",
				  "< 68 44 M T D10E20", "done ok 2.04", "deadline none" } },
	{ "the last answer without Block1", { PUT_40, PUT_40_FIRST, CONTINUE_0, PUT_40_SECOND, CONTINUE_1, PUT_40_LAST,
						    "< 68 44 M T", "done ok 2.04" } },
	{ "a certificate of 1,054 octets in blocks of 512",
		{ "put 1054", "> 48 03 M? T? B130 1170 D1020D D214041E FF P0,512", "< 68 5F M T D10E0D",
			"> 48 03 M? T B130 1170 D1021D FF P512,512", "< 68 5F M T D10E1D",
			"> 48 03 M? T B130 1170 D10225 FF P1024,30", "< 68 44 M T D10E25", "done ok 2.04" } },
	{ "one octet above the block size",
		{ "params 2000 4 16", "put 17", "> 48 03 M? T? B130 1170 D10208 D11411 FF P0,16", CONTINUE_0,
			"> 48 03 M? T B130 1170 D10210 FF P16,1", "< 68 44 M T", "done ok 2.04" } },
	{ "a payload of whole blocks",
		{ "params 2000 4 16", "put 32", "> 48 03 M? T? B130 1170 D10208 D11420 FF P0,16", CONTINUE_0,
			"> 48 03 M? T B130 1170 D10210 FF P16,16", "< 68 44 M T", "done ok 2.04" } },
	{ "a block size between powers of two means the smaller one",
		{ "params 2000 4 31", "put 17", "> 48 03 M? T? B130 1170 D10208 D11411 FF P0,16", "< 68 8D M T",
			"done ok 4.13" } },
	{ "each block is retransmitted by itself",
		{ PUT_40, PUT_40_FIRST, "tick", "> 48 03 M T B130 1170 D10208 D11428 FF P0,16", CONTINUE_0,
			PUT_40_SECOND, "tick", "> 48 03 M T B130 1170 D10218 FF P16,16", "tick",
			"> 48 03 M T B130 1170 D10218 FF P16,16", CONTINUE_1, PUT_40_LAST, "tick",
			"> 48 03 M T B130 1170 D10220 FF P32,8", "< 68 44 M T", "done ok 2.04",
			"count retransmissions 4" } },
	{ "a late answer to the block before is ignored",
		{ PUT_40, PUT_40_FIRST, "tick", "> 48 03 M T B130 1170 D10208 D11428 FF P0,16", CONTINUE_0,
			PUT_40_SECOND, "< 68 5F m T D10E08", "quiet", "open", "count ignored 1", CONTINUE_1,
			PUT_40_LAST, "< 68 44 M T", "done ok 2.04" } },
	{ "separate answers to blocks, one of them twice",
		{ PUT_40, PUT_40_FIRST, "< 60 00 M", "< 48 5F 7001 T D10E08", "> 60 00 7001", PUT_40_SECOND,
			"< 48 5F 7001 T D10E08", "> 60 00 7001", "quiet", "open", "< 60 00 M", "< 48 5F 7002 T D10E18",
			"> 60 00 7002", PUT_40_LAST, "< 48 44 7003 T D10E20", "> 60 00 7003", "done ok 2.04",
			"count duplicates 1" } },
	{ "silence in the middle", { "params 2000 0 16", "put 40", PUT_40_FIRST, CONTINUE_0, PUT_40_SECOND, "tick",
					   "done timeout", "deadline none" } },
	{ "RST in the middle", { PUT_40, PUT_40_FIRST, CONTINUE_0, PUT_40_SECOND, "< 70 00 M", "done reset" } },
	{ "cancelled in the middle",
		{ PUT_40, PUT_40_FIRST, "cancel", CONTINUE_0, "quiet", "deadline none", "count ignored 1" } },
	{ "smaller blocks asked for in the first 2.31 (RFC 7959, figure 9)",
		{ PUT_100, "< 68 5F M T D10E08", "> 48 03 M? T B130 1170 D10248 FF P64,16", "< 68 5F M T D10E48",
			"> 48 03 M? T B130 1170 D10258 FF P80,16", "< 68 5F M T D10E58",
			"> 48 03 M? T B130 1170 D10260 FF P96,4", "< 68 44 M T D10E60", "done ok 2.04" } },
	{ "larger blocks in a 2.31 change nothing", { PUT_40, PUT_40_FIRST, "< 68 5F M T D10E0E", PUT_40_SECOND,
							    CONTINUE_1, PUT_40_LAST, "< 68 44 M T", "done ok 2.04" } },
	{ "a client that handles each block by itself (RFC 7959, figure 8)",
		{ PUT_40, PUT_40_FIRST, "< 68 44 M T D10E00", PUT_40_SECOND, "< 68 44 M T D10E10", PUT_40_LAST,
			"< 68 44 M T D10E20", "done ok 2.04" } },
	{ "2.04 without Block1 when blocks are missing: not taken for success",
		{ PUT_40, PUT_40_FIRST, "< 68 44 M T", "done format" } },
	{ "2.31 with another number", { PUT_40, PUT_40_FIRST, "< 68 5F M T D10E18", "done format" } },
	{ "2.31 without Block1", { PUT_40, PUT_40_FIRST, "< 68 5F M T", "done format" } },
	{ "2.31 with the reserved size", { PUT_40, PUT_40_FIRST, "< 68 5F M T D10E0F", "done format" } },
	{ "2.31 to the last block", { PUT_40, PUT_40_FIRST, CONTINUE_0, PUT_40_SECOND, CONTINUE_1, PUT_40_LAST,
					    "< 68 5F M T D10E20", "done format" } },
	{ "2.31 to a payload that came whole",
		{ "put 4", "> 48 03 M? T? B130 1170 FF P0,4", "< 68 5F M T", "done format" } },
	{ "2.31 to a GET", { GET, "< 68 5F M T", "done format" } },
	{ "an error in the middle is the last word",
		{ PUT_40, PUT_40_FIRST, CONTINUE_0, PUT_40_SECOND, "< 68 80 M T D10E10", "done ok 4.00" } },
	{ "a client without Block1: 4.02", { PUT_40, PUT_40_FIRST, "< 68 82 M T", "done ok 4.02" } },
	{ "4.08: from the start once, as a new transfer",
		{ PUT_40, PUT_40_FIRST, CONTINUE_0, PUT_40_SECOND, "< 68 88 M T D10E18", PUT_40_FIRST, CONTINUE_0,
			PUT_40_SECOND, CONTINUE_1, PUT_40_LAST, "< 68 44 M T", "done ok 2.04" } },
	{ "4.08 twice", { PUT_40, PUT_40_FIRST, "< 68 88 M T", PUT_40_FIRST, "< 68 88 M T", "done ok 4.08" } },
	{ "4.08 to a payload that came whole",
		{ "put 4", "> 48 03 M? T? B130 1170 FF P0,4", "< 68 88 M T", "done ok 4.08" } },
	{ "4.13 with smaller blocks: from the start in those",
		{ PUT_100, "< 68 8D M T D10E01 # 0/0/32", "> 48 03 M? T? B130 1170 D10209 D11464 FF P0,32",
			"< 68 5F M T D10E09", "> 48 03 M? T B130 1170 D10219 FF P32,32", "< 68 5F M T D10E19",
			"> 48 03 M? T B130 1170 D10229 FF P64,32", "< 68 5F M T D10E29",
			"> 48 03 M? T B130 1170 D10231 FF P96,4", "< 68 44 M T", "done ok 2.04" } },
	{ "4.13 twice", { PUT_100, "< 68 8D M T D10E01", "> 48 03 M? T? B130 1170 D10209 D11464 FF P0,32",
				"< 68 8D M T D10E00", "done ok 4.13" } },
	{ "4.13 with the same size", { PUT_100, "< 68 8D M T D10E02", "done ok 4.13" } },
	{ "4.13 without a hint", { PUT_100, "< 68 8D M T", "done ok 4.13" } },
	{ "4.13 with the reserved size", { PUT_100, "< 68 8D M T D10E07", "done ok 4.13" } },
	{ "4.13 to a payload that came whole: it leaves in blocks",
		{ "put 40", "> 48 03 M? T? B130 1170 FF P0,40", "< 68 8D M T D10E01",
			"> 48 03 M? T? B130 1170 D10209 D11428 FF P0,32", "< 68 5F M T D10E09",
			"> 48 03 M? T B130 1170 D10211 FF P32,8", "< 68 44 M T", "done ok 2.04" } },
	{ "after 4.08 a late CON answer with the old token is a stray",
		{ PUT_40, PUT_40_FIRST, "< 68 88 M T", PUT_40_FIRST, "< 48 5F 7001 t D10E08", "> 70 00 7001", "open",
			CONTINUE_0, PUT_40_SECOND, "< 70 00 M", "done reset" } },

	/* In: Block2. */
	{ "response in three blocks", { GET, PART_0, ASK_1, PART_1, ASK_2, "open", "< 68 45 M T C128 B120 FF P32,4",
					      "done ok 2.05 P0,36", "deadline none" } },
	{ "response in one block", { GET, "< 68 45 M T C128 B100 FF P0,3", "done ok 2.05 P0,3" } },
	{ "response whose last block is full",
		{ GET, PART_0, ASK_1, "< 68 45 M T C128 B110 FF P16,16", "done ok 2.05 P0,32" } },
	{ "response whose last block is empty", { GET, PART_0, ASK_1, "< 68 45 M T C128 B110", "done ok 2.05 P0,16" } },
	{ "early negotiation by the layer above", { "get-block 0", "> 48 01 M? T? D104 28 60", PART_0, ASK_1,
							  "< 68 45 M T C128 B110 FF P16,1", "done ok 2.05 P0,17" } },
	{ "a lost block is asked for again", { GET, PART_0, ASK_1, "tick", "> 48 01 M T D104 28 6110", PART_1, ASK_2,
						     "< 68 45 M T C128 B120 FF AA", "done ok 2.05 P0,32 AA" } },
	{ "separate responses, one of them twice",
		{ GET, "< 60 00 M", "< 48 45 7001 T C128 B108 FF P0,16", "> 60 00 7001", ASK_1,
			"< 48 45 7001 T C128 B108 FF P0,16", "> 60 00 7001", "quiet",
			"< 48 45 7002 T C128 B110 FF P16,1", "> 60 00 7002", "done ok 2.05 P0,17",
			"< 48 45 7002 T C128 B110 FF P16,1", "> 60 00 7002" } },
	{ "the client goes on in smaller blocks",
		{ GET, "< 68 45 M T C128 B109 FF P0,32", "> 48 01 M? T D104 28 6111", "< 68 45 M T C128 B128 FF P32,16",
			"> 48 01 M? T D104 28 6130", "< 68 45 M T C128 B130 FF P48,2", "done ok 2.05 P0,50" } },
	{ "it may not go on in larger ones", { GET, PART_0, ASK_1, "< 68 45 M T C128 B109 FF P0,32", "done format" } },
	{ "it may not skip to where a larger block would begin",
		{ GET, PART_0, ASK_1, PART_1, ASK_2, "< 68 45 M T C128 B111 FF P32,32", "done format" } },
	{ "first block with a number above 0", { GET, "< 68 45 M T C128 B118 FF P16,16", "done format" } },
	{ "a block skipped", { GET, PART_0, ASK_1, "< 68 45 M T C128 B128 FF P32,16", "done format" } },
	{ "a block repeated", { GET, PART_0, ASK_1, PART_0, "done format" } },
	{ "a block too short with more to come", { GET, "< 68 45 M T C128 B108 FF P0,15", "done format" } },
	{ "a block too long", { GET, "< 68 45 M T C128 B108 FF P0,17", "done format" } },
	{ "a last block too long", { GET, "< 68 45 M T C128 B100 FF P0,17", "done format" } },
	{ "an empty block with more to come", { GET, "< 68 45 M T C128 B108", "done format" } },
	{ "the reserved size", { GET, "< 68 45 M T C128 B107 FF P0,16", "done format" } },
	{ "no Block2 any more in the middle", { GET, PART_0, ASK_1, "< 68 45 M T C128 FF P16,16", "done format" } },
	{ "an error in the middle is the last word", { GET, PART_0, ASK_1, "< 68 84 M T FF AA", "done ok 4.04 AA" } },
	{ "ETag stays", { GET, "< 68 45 M T 42ABCD 8128 B108 FF P0,16", ASK_1, "< 68 45 M T 42ABCD 8128 B110 FF P16,1",
				"done ok 2.05 P0,17" } },
	{ "ETag changes", { GET, "< 68 45 M T 42ABCD 8128 B108 FF P0,16", ASK_1,
				  "< 68 45 M T 42ABCE 8128 B110 FF P16,1", "done format" } },
	{ "ETag goes", { GET, "< 68 45 M T 42ABCD 8128 B108 FF P0,16", ASK_1, "< 68 45 M T C128 B110 FF P16,1",
			       "done format" } },
	{ "ETag comes", { GET, PART_0, ASK_1, "< 68 45 M T 42ABCD 8128 B110 FF P16,1", "done format" } },
	{ "silence in the middle", { "params 2000 0 16", GET, PART_0, ASK_1, "tick", "done timeout" } },
	{ "Block2 in the answer to a PUT is not followed: an empty PUT might be carried out",
		{ "put 1", "> 48 03 M? T? B130 1170 FF 00", "< 68 44 M T D10A08 FF P0,16", "done ok 2.04 P0,16" } },
};

int
main(void)
{
	return coap_scripts_run("block", scripts, sizeof(scripts) / sizeof(scripts[0]));
}
