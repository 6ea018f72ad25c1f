/* Run by each build of init, with the compiler that builds it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../src/attested-time.h"

static int failed;
#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			failed = 1; \
		} \
	} while (0)

#define NOW_MS 1795959000123LL
#define MOST 2048

struct bytes {
	unsigned char at[MOST];
	size_t length;
};

static void add(struct bytes *to, const void *from, size_t length)
{
	if (to->length + length > MOST) {
		abort();
	}
	memcpy(to->at + to->length, from, length);
	to->length += length;
}
#define ADD(to, literal) add(to, literal, sizeof(literal) - 1)

static void add_byte_string(struct bytes *to, const struct bytes *content)
{
	unsigned char head[3] = { 0x59, (unsigned char)(content->length >> 8), (unsigned char)content->length };

	add(to, head, sizeof(head));
	add(to, content->at, content->length);
}

static void add_timestamp(struct bytes *to, uint64_t ms)
{
	unsigned char number[9] = { 0x1b };

	for (int i = 0; i < 8; i++) {
		number[1 + i] = (unsigned char)(ms >> (56 - 8 * i));
	}
	ADD(to, "\x69timestamp");
	add(to, number, sizeof(number));
}

#define COSE_BEGIN "\x84\x44\xa1\x01\x38\x22\xa0"
#define SIGNATURE "\x43sig"
/* {"module_id": "i", "digest": "SHA384", "pcrs": {0: h'00'}, "cabundle": [h'00'], "nonce": null */
#define FIELDS \
	"\x69module_id\x61i\x66" "digest\x66SHA384\x64pcrs\xa1\x00\x41\x00\x68" "cabundle\x81\x41\x00\x65nonce\xf6"

static struct bytes answer_of(const struct bytes *payload)
{
	struct bytes document = { 0 }, answer = { 0 };

	ADD(&document, COSE_BEGIN);
	add_byte_string(&document, payload);
	ADD(&document, SIGNATURE);
	ADD(&answer, "\xa1\x6b" "Attestation\xa1\x68" "document");
	add_byte_string(&answer, &document);
	return answer;
}

static struct bytes good_answer(void)
{
	struct bytes payload = { 0 };

	ADD(&payload, "\xa6" FIELDS);
	add_timestamp(&payload, NOW_MS);
	return answer_of(&payload);
}

/* The bytes end at the end of a mapped page: reading one too many crashes. */
static bool reads(const struct bytes *answer, int64_t *ms)
{
	static unsigned char *pages;

	if (!pages) {
		pages = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (pages == MAP_FAILED || mprotect(pages + 4096, 4096, PROT_NONE) < 0) {
			abort();
		}
	}
	memcpy(pages + 4096 - answer->length, answer->at, answer->length);
	return attested_time_ms(pages + 4096 - answer->length, answer->length, ms);
}

static bool refused(const struct bytes *answer)
{
	int64_t ms = 0;

	return !reads(answer, &ms);
}

#define REFUSED_PAYLOAD(literal) \
	do { \
		struct bytes payload = { 0 }, answer; \
		ADD(&payload, literal); \
		answer = answer_of(&payload); \
		CHECK(refused(&answer)); \
	} while (0)
#define REFUSED_ANSWER(literal) \
	do { \
		struct bytes answer = { 0 }; \
		ADD(&answer, literal); \
		CHECK(refused(&answer)); \
	} while (0)

static void the_time_of_a_document_is_read(void)
{
	struct bytes answer = good_answer(), payload = { 0 };
	int64_t ms = 0;

	CHECK(reads(&answer, &ms) && ms == NOW_MS);
	/* real documents have had a payload map without a length since 2025 */
	ADD(&payload, "\xbf" FIELDS);
	add_timestamp(&payload, NOW_MS);
	ADD(&payload, "\xff");
	answer = answer_of(&payload);
	ms = 0;
	CHECK(reads(&answer, &ms) && ms == NOW_MS);
}

static void a_document_tagged_as_cose_is_read(void)
{
	struct bytes payload = { 0 }, document = { 0 }, answer = { 0 };
	int64_t ms = 0;

	ADD(&payload, "\xa1");
	add_timestamp(&payload, NOW_MS);
	ADD(&document, "\xd2" COSE_BEGIN);
	add_byte_string(&document, &payload);
	ADD(&document, SIGNATURE);
	ADD(&answer, "\xbf\x6b" "Attestation\xbf\x68" "document");
	add_byte_string(&answer, &document);
	ADD(&answer, "\xff\xff");
	CHECK(reads(&answer, &ms) && ms == NOW_MS);
}

static void other_answers_are_refused(void)
{
	REFUSED_ANSWER("");
	REFUSED_ANSWER("\xa1\x65" "Error\x6dInternalError");
	REFUSED_ANSWER("\x6b" "Attestation");
	REFUSED_ANSWER("\xa1\x6b" "Attestation\xf6");
	REFUSED_ANSWER("\xa1\x6b" "Attestation\xa1\x68" "document\xf6");
	REFUSED_ANSWER("\xa1\x6b" "Attestation\xa0");
	REFUSED_ANSWER("\xa0");
	REFUSED_ANSWER("\xa1\x6b" "Attestation\xa1\x68" "document\x40");
	REFUSED_ANSWER("\xa1\x6b" "Attestation\xa1\x68" "document\x5b\xff\xff\xff\xff\xff\xff\xff\xff");
	REFUSED_ANSWER("\xa1\x6b" "Attestation\xa1\x68" "document\x5f\x41\x00\xff");
	REFUSED_ANSWER("\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x6b" "Attestation");
}

static void other_structures_than_cose_sign1_are_refused(void)
{
	static const struct {
		const char *begin, *end;
		bool accepted;
	} around[] = {
		{ COSE_BEGIN, SIGNATURE, true },
		{ "\x83\x44\xa1\x01\x38\x22\xa0", "\x43sig", false },
		{ "\x85\x44\xa1\x01\x38\x22\xa0", "\x43sig\x40", false },
		{ "\x85\x44\xa1\x01\x38\x22\xa0", "\x43sig", false },
		{ "\x9f\x44\xa1\x01\x38\x22\xa0", "\x43sig\xff", false },
		{ "\x84\xa0\xa0", "\x43sig", false },
		{ "\x84\x44\xa1\x01\x38\x22\xa0", "\x63sig", false },
	};

	for (size_t i = 0; i < sizeof(around) / sizeof(*around); i++) {
		struct bytes payload = { 0 }, document = { 0 }, answer = { 0 };
		int64_t ms;

		ADD(&payload, "\xa1");
		add_timestamp(&payload, NOW_MS);
		add(&document, around[i].begin, strlen(around[i].begin));
		add_byte_string(&document, &payload);
		add(&document, around[i].end, strlen(around[i].end));
		ADD(&answer, "\xa1\x6b" "Attestation\xa1\x68" "document");
		add_byte_string(&answer, &document);
		CHECK(reads(&answer, &ms) == around[i].accepted);
	}
}

static void other_payloads_are_refused(void)
{
	REFUSED_PAYLOAD("\xa0");
	REFUSED_PAYLOAD("\xa1\x69timestamp\xf6");
	REFUSED_PAYLOAD("\xa1\x69timestamp\x00");
	REFUSED_PAYLOAD("\xa1\x69timestamp\x20");
	REFUSED_PAYLOAD("\xa1\x69timestamp\x61" "1");
	REFUSED_PAYLOAD("\xa1\x69timestamp\xfb\x41\xda\xc0\x00\x00\x00\x00\x00");
	REFUSED_PAYLOAD("\xa1\x69timestamp\xc1\x1a\x6b\x0c\x00\x00");
	REFUSED_PAYLOAD("\xa1\x69timestamp\x1b\x80\x00\x00\x00\x00\x00\x00\x00");
	REFUSED_PAYLOAD("\xa2\x69timestamp\x1a\x6b\x0c\x00\x00\x69timestamp\x1a\x6b\x0c\x00\x00");
	REFUSED_PAYLOAD("\xa1\x69timestamp\x1a\x6b\x0c\x00\x00\x00");
	REFUSED_PAYLOAD("\xa1\x69timestamp\x1a\x6b\x0c\x00");
	REFUSED_PAYLOAD("\xa2\x69timestamp\x1a\x6b\x0c\x00\x00");
	REFUSED_PAYLOAD("\xbf\x69timestamp\x1a\x6b\x0c\x00\x00");
	REFUSED_PAYLOAD("\xa2\x00\x00\x69timestamp\x1a\x6b\x0c\x00\x00");
	REFUSED_PAYLOAD("\x81\x69timestamp");
	/* the same name at a deeper level, or in a value, does not count */
	REFUSED_PAYLOAD("\xa1\x61x\xa1\x69timestamp\x1a\x6b\x0c\x00\x00");
	REFUSED_PAYLOAD("\xa1\x61x\x4f\x69timestamp\x1a\x6b\x0c\x00\x00");
	/* lengths reserved, a float, a simple value, a length without end */
	REFUSED_PAYLOAD("\xa2\x61x\x1c\x69timestamp\x1a\x6b\x0c\x00\x00");
	REFUSED_PAYLOAD("\xa2\x61x\xf9\x00\x15\x69timestamp\x1a\x6b\x0c\x00\x00");
	REFUSED_PAYLOAD("\xa2\x61x\xf7\x69timestamp\x1a\x6b\x0c\x00\x00");
	REFUSED_PAYLOAD("\xa2\x61x\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x69timestamp\x1a\x6b\x0c\x00\x00");
	REFUSED_PAYLOAD("\xa2\x61x\x1c" "0123456789abcdef" "\x69timestamp\x1a\x6b\x0c\x00\x00");
	REFUSED_PAYLOAD("\xa2\x61x\xc1\x69timestamp\x1a\x6b\x0c\x00\x00");
	REFUSED_PAYLOAD("\xa2\x61x\xff\x69timestamp\x1a\x6b\x0c\x00\x00");
}

static void what_is_nested_too_deep_is_refused(void)
{
	struct bytes payload = { 0 }, answer;
	int64_t ms;

	for (int levels = 1; levels < 1000; levels++) {
		payload.length = 0;
		ADD(&payload, "\xa2\x61x");
		for (int i = 0; i < levels; i++) {
			ADD(&payload, "\x81");
		}
		ADD(&payload, "\x00");
		add_timestamp(&payload, NOW_MS);
		answer = answer_of(&payload);
		CHECK(reads(&answer, &ms) == (levels <= 8));
	}
}

static void a_document_that_is_cut_or_goes_on_is_refused(void)
{
	struct bytes answer = good_answer();
	size_t whole = answer.length;

	for (answer.length = 0; answer.length < whole; answer.length++) {
		CHECK(refused(&answer));
	}
	ADD(&answer, "\x00");
	CHECK(refused(&answer));
}

/* No input may crash it, and a number that it returns must be in the valid range. */
static void changed_documents_are_read_within_their_bounds(void)
{
	uint64_t random = 88172645463325252ULL;

	for (int round = 0; round < 300000; round++) {
		struct bytes answer = good_answer();
		int64_t ms = 1;

		for (int change = 0; change <= round % 4; change++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			answer.at[random % answer.length] = (unsigned char)(random >> 32);
			if (random >> 62 == 0) {
				answer.length = 1 + (size_t)(random >> 40) % answer.length;
			}
		}
		CHECK(!reads(&answer, &ms) || ms > 0);
	}
}

static void times_of_this_century_are_plausible(void)
{
	CHECK(!is_plausible_time(1));
	CHECK(!is_plausible_time(NOW_MS / 1000));
	CHECK(!is_plausible_time(1767225599999LL));
	CHECK(is_plausible_time(1767225600000LL));
	CHECK(is_plausible_time(NOW_MS));
	CHECK(!is_plausible_time(4102444800000LL));
	CHECK(!is_plausible_time(NOW_MS * 1000));
}

static void a_clock_is_corrected_by_what_it_is_wrong_at_least(void)
{
	int64_t second = NOW_MS - 123;

	CHECK(clock_correction_ms(NOW_MS, NOW_MS, 1) == 0);
	CHECK(clock_correction_ms(NOW_MS, NOW_MS - 1, 1) == 1);
	CHECK(clock_correction_ms(NOW_MS, NOW_MS + 1, 1) == 0);
	CHECK(clock_correction_ms(NOW_MS, NOW_MS + 10, 4) == -6);
	CHECK(clock_correction_ms(NOW_MS, 0, 4) == NOW_MS);
	CHECK(clock_correction_ms(NOW_MS, NOW_MS + 3600000, 0) == -3600000);
	/* whole seconds explain a clock up to 999 ms ahead, but not one behind */
	CHECK(clock_correction_ms(second, second + 999, 0) == 0);
	CHECK(clock_correction_ms(second, second + 1003, 4) == 0);
	CHECK(clock_correction_ms(second, second + 1004, 4) == -1);
	CHECK(clock_correction_ms(second, second - 1, 4) == 1);
	CHECK(clock_correction_ms(second, 31536000000LL, 4) == second - 31536000000LL);
}

static void a_corrected_clock_needs_no_second_correction(void)
{
	for (int64_t wrong = -5000; wrong <= 5000; wrong += 7) {
		for (int64_t took = 0; took < 50; took += 9) {
			for (int64_t attested = NOW_MS - 123; attested <= NOW_MS; attested += 41) {
				int64_t clock = attested + wrong;
				int64_t by = clock_correction_ms(attested, clock, took);

				CHECK(clock_correction_ms(attested, clock + by, took) == 0);
				CHECK(by == 0 || (by > 0) == (wrong < 0));
			}
		}
	}
}

int main(void)
{
	the_time_of_a_document_is_read();
	a_document_tagged_as_cose_is_read();
	other_answers_are_refused();
	other_structures_than_cose_sign1_are_refused();
	other_payloads_are_refused();
	what_is_nested_too_deep_is_refused();
	a_document_that_is_cut_or_goes_on_is_refused();
	changed_documents_are_read_within_their_bounds();
	times_of_this_century_are_plausible();
	a_clock_is_corrected_by_what_it_is_wrong_at_least();
	a_corrected_clock_needs_no_second_correction();
	return failed;
}
