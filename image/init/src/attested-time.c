#include "attested-time.h"

#include <string.h>

#define EARLIEST_MS 1767225600000LL /* 2026-01-01 */
#define LATEST_MS 4102444800000LL   /* 2100-01-01 */
#define MAX_DEPTH 8

/* RFC 8949, section 3.1 */
enum { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };
#define IN_PIECES 31
#define BREAK 0xff
#define COSE_SIGN1_TAG 0xd2 /* 18 */

struct input {
	const unsigned char *at, *end;
};

/* The start of an item: its type, and its value, its length in bytes, or its number of items. */
struct head {
	int type;
	bool open_ended;
	uint64_t value;
};

static bool read_head(struct input *in, struct head *head)
{
	unsigned int first, info;

	if (in->at == in->end) {
		return false;
	}
	first = *in->at++;
	info = first & 31;
	head->type = (int)(first >> 5);
	head->open_ended = info == IN_PIECES;
	head->value = info;
	if (head->type == SIMPLE) {
		return first >= 0xf4 && first <= 0xf6; /* false, true, null */
	}
	if (head->type == TAG) {
		return false;
	}
	if (head->open_ended) {
		return head->type == ARRAY || head->type == MAP;
	}
	if (info > 27) {
		return false;
	}
	if (info >= 24) {
		size_t size = (size_t)1 << (info - 24);

		if ((size_t)(in->end - in->at) < size) {
			return false;
		}
		head->value = 0;
		while (size-- > 0) {
			head->value = head->value << 8 | *in->at++;
		}
	}
	return true;
}

static bool take_string(struct input *in, const struct head *head, struct input *content)
{
	if (head->value > (uint64_t)(in->end - in->at)) {
		return false;
	}
	*content = (struct input){ .at = in->at, .end = in->at + head->value };
	in->at = content->end;
	return true;
}

/* Whether one more item (or key) follows in an array or map; consumes the end mark of one without a length. */
static bool has_next(struct input *in, struct head *container)
{
	if (!container->open_ended) {
		return container->value > 0 && container->value-- > 0;
	}
	if (in->at < in->end && *in->at == BREAK) {
		in->at++;
		return false;
	}
	return true; /* at the end of the input, reading the next item fails */
}

static bool skip(struct input *in, int depth)
{
	struct input ignored;
	struct head head;

	if (depth > MAX_DEPTH || !read_head(in, &head)) {
		return false;
	}
	switch (head.type) {
	case BYTES:
	case TEXT:
		return take_string(in, &head, &ignored);
	case ARRAY:
	case MAP:
		while (has_next(in, &head)) {
			if (!skip(in, depth + 1) || (head.type == MAP && !skip(in, depth + 1))) {
				return false;
			}
		}
		return true;
	default:
		return true;
	}
}

static bool read_container(struct input *in, int type, struct head *head)
{
	return read_head(in, head) && head->type == type;
}

static bool read_string(struct input *in, int type, struct input *content)
{
	struct head head;

	return read_head(in, &head) && head.type == type && take_string(in, &head, content);
}

static bool equals(const struct input *text, const char *expected)
{
	size_t length = strlen(expected);

	return (size_t)(text->end - text->at) == length && memcmp(text->at, expected, length) == 0;
}

static bool read_key(struct input *in, const char *expected)
{
	struct input key;

	return read_string(in, TEXT, &key) && equals(&key, expected);
}

static bool read_answer(struct input *in, struct input *document)
{
	struct head outer, inner;

	return read_container(in, MAP, &outer) && has_next(in, &outer) && read_key(in, "Attestation") &&
	       read_container(in, MAP, &inner) && has_next(in, &inner) && read_key(in, "document") &&
	       read_string(in, BYTES, document) && !has_next(in, &inner) && !has_next(in, &outer) && in->at == in->end;
}

static bool read_cose(struct input *in, struct input *payload)
{
	struct input protected, signature;
	struct head array;

	if (in->at < in->end && *in->at == COSE_SIGN1_TAG) {
		in->at++;
	}
	return read_container(in, ARRAY, &array) && !array.open_ended && array.value == 4 && read_string(in, BYTES, &protected) &&
	       skip(in, 0) && read_string(in, BYTES, payload) && read_string(in, BYTES, &signature) && in->at == in->end;
}

static bool read_payload(struct input *in, int64_t *ms)
{
	struct head map, value;
	struct input key;
	int found = 0;

	if (!read_container(in, MAP, &map)) {
		return false;
	}
	while (has_next(in, &map)) {
		if (!read_string(in, TEXT, &key)) {
			return false;
		}
		if (!equals(&key, "timestamp")) {
			if (!skip(in, 0)) {
				return false;
			}
			continue;
		}
		found++;
		if (!read_head(in, &value) || value.type != UNSIGNED || value.value == 0 || value.value > INT64_MAX) {
			return false;
		}
		*ms = (int64_t)value.value;
	}
	return found == 1 && in->at == in->end;
}

bool attested_time_ms(const unsigned char *answer, size_t length, int64_t *ms)
{
	struct input in = { .at = answer, .end = answer + length }, document, payload;

	return read_answer(&in, &document) && read_cose(&document, &payload) && read_payload(&payload, ms);
}

bool is_plausible_time(int64_t ms)
{
	return ms >= EARLIEST_MS && ms < LATEST_MS;
}

int64_t clock_correction_ms(int64_t attested_ms, int64_t clock_ms, int64_t took_ms)
{
	int64_t latest_ms = attested_ms + took_ms + (attested_ms % 1000 == 0 ? 999 : 0);

	if (clock_ms < attested_ms) {
		return attested_ms - clock_ms;
	}
	return clock_ms > latest_ms ? latest_ms - clock_ms : 0;
}
