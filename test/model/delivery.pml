/*
 * The delivery rule: clients, two gateways with a worker each, PostgreSQL, two enclaves, and chambers. Every commit in PostgreSQL and
 * every step that others can see is one atomic action, so only the order of actions has to be explored. docs/delivery-model.md explains
 * the model.
 *
 * A run has up to FAULTS faults and CRASHES crashes, at any moment. Time is not measured: a lease, a message or a wait may end at any
 * moment after it began. The end of a lease whose worker still runs, and the expiry of a message, count as faults.
 *
 * Configuration (src/configurations.ts sets each):
 *   MESSAGES 1 or 2, OFFICES 1 or 2      OFFICES copies of each message, each at a separate chamber
 *   FORGETFUL                            bit o: the chamber of office o accepts a repeated DeliveryId
 *   SHARED_KEYS 0 or 1                   1: custody kms, every enclave opens every message; 0: custody process
 *   PROVEN 0 or 1                        1: both messages are of one person in one campaign and have one nullifier
 *   CAP                                  how many copies may be reserved and spent in total
 *   EXPIRY 0 or 1                        whether messages may expire
 *   REFUSALS 0 or 1                      whether offices may refuse; an office refuses a text always or never
 *   SEALED_AGAIN 0 or 1                  1: enclave 0 remembers message 0 under other bytes, as pending and not due
 * WEAK_...: one guard is left out. SKIP_...: one effect is left out (src/mutations.ts).
 */
#include "transitions.pml"

#define GATEWAYS 2
#define ENCLAVES 2

/* Outcomes of a copy. A receipt says `pending` for PENDING, PERHAPS and WITHHELD. */
#define NONE 0
#define PENDING 1  /* the office provably does not have it */
#define PERHAPS 2  /* sent without an answer to a chamber that de-duplicates */
#define ACCEPTED 3
#define DUPLICATE 4
#define UNKNOWN 5
#define REFUSED 6
#define WITHHELD 7

#define is_pending(outcome) (outcome == PENDING || outcome == PERHAPS || outcome == WITHHELD)
#define was_sent(outcome) (outcome == ACCEPTED || outcome == DUPLICATE || outcome == UNKNOWN)
#define is_forgetful(o) ((FORGETFUL >> (o)) & 1)

/* The state of a worker. */
#define IDLE 0
#define LEASED 1
#define DISPATCHED 2
#define WAITING 3
#define DECIDED 4
#define SETTLING 5
#define TOO_LATE 6 /* dispatched, then stopped for longer than the lease, by the worker's own clock (delivery-attempt.ts) */

/* What a worker will write: a transition of src/transitions.ts. */
#define ANSWERED 1
#define UNTAKEN 2
#define UNSENT 3
#define UNANSWERED 4
#define END 5

/* How a message ended. */
#define DELIVERED 1
#define PARTLY 2
#define ALL_REFUSED 3
#define NOT_KNOWN 4
#define EXPIRED 5
#define KEY_RETIRED 6

/* What a client knows about its POST. */
#define NOT_POSTED 0
#define NO_ANSWER 1
#define HAS_202 2
#define TURNED_DOWN 3

#define FREE 0
#define KEPT 9 /* used for ever; before its message has ended: the message's number + 1 */

byte faults = FAULTS, crashes = CRASHES;

/* The state in PostgreSQL, for message m. */
bit stored[MESSAGES], job[MESSAGES], leaseOver[MESSAGES], dispatched[MESSAGES], relayed[MESSAGES], expired[MESSAGES];
byte leaseOf[MESSAGES]; /* the worker's number + 1 */
byte ended[MESSAGES];   /* status; 0 before the message has ended */
byte waitsFor[MESSAGES]; /* next_attempt_at: the number + 1 of the enclave that set the wait */
byte interim[MESSAGES * OFFICES];
byte nullifier, reserved, spent;

/* Clients, and with custody process the enclaves to whose keys they sealed. */
byte client[MESSAGES], sealedTo[MESSAGES];
bit keyLost[MESSAGES];

/* Workers. */
byte at[GATEWAYS], msg[GATEWAYS], via[GATEWAYS], writes[GATEWAYS], status[GATEWAYS], cost[GATEWAYS];
bit dispatchedBefore[GATEWAYS], relayedBefore[GATEWAYS], foundExpired[GATEWAYS], allRefused[GATEWAYS];
byte told[GATEWAYS * OFFICES]; /* the interim receipt: first as found with the lease, then as it will be written */

/* Requests on their way, at most one of each worker, as the enclave's number + 1. A request outlives the worker that sent it. */
byte wire[GATEWAYS], wireOf[GATEWAYS];
bit wireBefore[GATEWAYS];
byte wireTold[GATEWAYS * OFFICES];

/* The state of enclave e for message m. memory[e, m, o] is lost when the enclave is killed. */
#define em(e, m) ((e) * MESSAGES + (m))
#define emo(e, m, o) (em(e, m) * OFFICES + (o))
#define mo(m, o) ((m) * OFFICES + (o))
#define so(s, o) ((s) * OFFICES + (o))
byte memory[ENCLAVES * MESSAGES * OFFICES];
byte copy[ENCLAVES * MESSAGES * OFFICES]; /* in a run: 1 to be sent, WITHHELD, or 0 */
bit running[ENCLAVES * MESSAGES], notDue[ENCLAVES * MESSAGES];
#if SEALED_AGAIN
bit askedFor[ENCLAVES * MESSAGES]; /* the gateway relayed these bytes without a claim of another attempt at them */
#endif

/* Congress. */
byte taken[MESSAGES * OFFICES];
bit refuses[MESSAGES * OFFICES];

/* Read only by assertions. mayHaveLeft: bytes left a gateway, or its worker could not record that none did. freed: the nullifier is free. */
bit mayHaveLeft[MESSAGES], freed[MESSAGES];
bit usedGateway, usedEnclave;

byte i, pendings, withhelds, arrived, unknowns, sents; /* used only within an action: 0 between two actions */

#define price OFFICES

/* The guards. Each mutation leaves one out. */
#ifdef WEAK_ACCEPT_ID
#define is_known(m) job[m]
#else
#define is_known(m) stored[m] /* outcome duplicate: the same bytes under the same id */
#endif
#ifdef WEAK_ACCEPT_NULLIFIER
#define is_nullifier_used false
#else
#define is_nullifier_used (PROVEN && nullifier != FREE) /* already_sent */
#endif
#ifdef WEAK_ACCEPT_CAP
#define is_cap_reached false
#else
#define is_cap_reached (reserved + spent + price > CAP) /* system_hourly_limit_reached and similar codes */
#endif
#define is_unsent(end) (end == ALL_REFUSED || end == EXPIRED || end == KEY_RETIRED)
#define can_open(e, m) (SHARED_KEYS || (sealedTo[m] == e && !keyLost[m]))
#define is_due(m) (waitsFor[m] == 0 || expired[m] || !notDue[em(waitsFor[m] - 1, m)])
#ifdef WEAK_HEADER
#define says_dispatched_before(s) 0
#else
#define says_dispatched_before(s) dispatchedBefore[s]
#endif
#ifdef WEAK_FREE_NOT_KNOWN
#define may_free(s) (can_freeUnrelayed(s, msg[s]) || (status[s] != DELIVERED && status[s] != PARTLY))
#elif defined(WEAK_FREE_UNRELAYED)
#define may_free(s) can_freeRefused(s, msg[s])
#else
#define may_free(s) (can_freeUnrelayed(s, msg[s]) || can_freeRefused(s, msg[s]))
#endif
#define waits(at_) (copy[at_] == 0 && is_pending(memory[at_]))
#define is_settled(outcome) (outcome == ACCEPTED || outcome == DUPLICATE || outcome == UNKNOWN || outcome == REFUSED)
#ifdef WEAK_MEMORY
#define FORGETS 1
#else
#define FORGETS 0
#endif
#ifdef WEAK_HEARSAY
#define BELIEVES_NOTHING 1
#else
#define BELIEVES_NOTHING 0
#endif
/* delivery-memory.ts, isAnswer: the enclave's result is for these bytes, or the gateway claims no other attempt */
#if SEALED_AGAIN && !defined(WEAK_OTHER_BYTES)
#define is_answer(e, m, s) (askedFor[em(e, m)] || !wireBefore[s])
#else
#define is_answer(e, m, s) true
#endif
#define settled_elsewhere(s, o) (SHARED_KEYS && is_forgetful(o) && is_settled(wireTold[so(s, o)]))
#ifdef WEAK_WAITS_ANYHOW
#define WAITS_ANYHOW 1
#else
#define WAITS_ANYHOW 0
#endif
/* judge-answer.ts, sentButNotKnown */
#ifdef WEAK_NOT_KNOWN
#define without_answer(o) PERHAPS
#else
#define without_answer(o) (is_forgetful(o) -> UNKNOWN : PERHAPS)
#endif
#if OFFICES > 1
#define count_pending(s) ((told[so(s, 0)] == PENDING) + (told[so(s, 1)] == PENDING))
#else
#define count_pending(s) (told[so(s, 0)] == PENDING)
#endif
#ifdef WEAK_WITHHELD
#define after_withheld ANSWERED
#else
#define after_withheld UNANSWERED
#endif
#ifdef WEAK_SEND
#define is_held_up(m) false
#else
#define is_held_up(m) (at[leaseOf[m] - 1] == DISPATCHED && msg[leaseOf[m] - 1] == m)
#endif
#ifdef WEAK_UNANSWERED
#define forget_dispatch(s) dispatched[msg[s]] = 0
#else
#define forget_dispatch(s) skip
#endif
#define is_at_dispatch(s, m) ((at[s] == DISPATCHED || at[s] == TOO_LATE || at[s] == DECIDED && writes[s] == UNSENT) && msg[s] == m)
/* The last receipt says that the office has the copy or, if sending again is safe, that it may have it. */
#define tells(m, o) (was_sent(interim[mo(m, o)]) || (!is_forgetful(o) && interim[mo(m, o)] == PENDING))
/* Assumed: a request reaches its enclave within the shortest wait of a pending copy, 30 s (retry-schedule.ts). */
#define comes(s, e, m) (wire[s] == e + 1 && wireOf[s] == m)
#ifdef LATE_REQUESTS
#define is_on_its_way(e, m) false
#else
#define is_on_its_way(e, m) (comes(0, e, m) || comes(1, e, m))
#endif
#define works_on(s, m) (at[s] != IDLE && msg[s] == m)
#define holder_works(m) (works_on(leaseOf[m] - 1, m))
#ifdef WEAK_LEASE_END
#define NEVER_OVER 1
#else
#define NEVER_OVER 0
#endif

/* What must hold for message m after each accepted copy and after each end. */
inline check(m) {
  i = 0;
  do
  :: i < OFFICES ->
    assert(taken[mo(m, i)] <= 1); /* two deliveries */
    assert(!taken[mo(m, i)] || can_copy(0, m)); /* delivered, and never dispatched */
    assert(!(PROVEN && freed[m] && taken[mo(m, i)])); /* delivered, and the nullifier is free */
    assert(!(is_unsent(ended[m]) && taken[mo(m, i)] && !tells(m, i))); /* delivered, and said to be not sent */
#if MESSAGES > 1
    assert(!(PROVEN && taken[mo(m, i)] && taken[mo(1 - m, i)])); /* two messages for one nullifier */
#endif
    i++
  :: else -> break
  od;
  i = 0;
  assert(reserved + spent <= CAP); /* above the cap */
  assert(!(PROVEN && ended[m] && !freed[m] && !mayHaveLeft[m] && !is_at_dispatch(0, m) && !is_at_dispatch(1, m))); /* a nullifier used up, and nothing left the gateway */
  assert(!(faults == FAULTS && crashes == CRASHES && ended[m] && ended[m] != DELIVERED && ended[m] != ALL_REFUSED && ended[m] != PARTLY)) /* not known, without a fault */
}

/* prisma/sql/accept_messages.sql, one transaction; acceptance.ts answers after its commit. */
inline accept(m, answered) {
  if
  :: is_known(m) -> client[m] = (answered -> HAS_202 : NO_ANSWER)
  :: else ->
    if
    :: is_nullifier_used || is_cap_reached -> client[m] = (answered -> TURNED_DOWN : NO_ANSWER)
    :: else ->
      stored[m] = 1;
      do_accept(0, m);
      ended[m] = 0;
      reserved = reserved + price;
      nullifier = (PROVEN -> m + 1 : FREE);
      client[m] = (answered -> HAS_202 : NO_ANSWER)
    fi
  fi;
  assert(reserved + spent <= CAP) /* above the cap */
}

/* With per-process keys, one enclave opens the message; the enclaves are alike, so message 0 is sealed to enclave 0. */
inline seal(m) {
  if
  :: client[m] == NOT_POSTED ->
    if
    :: sealedTo[m] = 0
    :: !SHARED_KEYS && m > 0 -> sealedTo[m] = 1
    fi;
    if
    :: skip
    :: REFUSALS -> refuses[mo(m, 0)] = 1
#if OFFICES > 1
    :: REFUSALS -> refuses[mo(m, 1)] = 1
    :: REFUSALS -> refuses[mo(m, 0)] = 1; refuses[mo(m, 1)] = 1
#endif
    fi
  :: else
  fi
}

/* libs/client: posts the same bytes under the same id until an answer comes. The messages are alike, so message 0 is posted first. */
proctype Client(byte m) {
end:
  do
  :: atomic { client[m] <= NO_ANSWER && (m == 0 || client[0] != NOT_POSTED) ->
      printf("client %d posts, and has an answer\n", m);
      seal(m);
      d_step { accept(m, true) } }
  :: atomic { client[m] <= NO_ANSWER && (m == 0 || client[0] != NOT_POSTED) && faults > 0 ->
      printf("client %d posts, and its answer is lost\n", m);
      seal(m);
      d_step { faults--; accept(m, false) } }
#ifdef WEAK_202_BEFORE_COMMIT
  :: d_step { client[m] <= NO_ANSWER && crashes > 0 && (m == 0 || client[0] != NOT_POSTED) ->
      printf("client %d posts and has an answer; the gateway is killed before the commit\n", m);
      crashes--; client[m] = HAS_202 }
#endif
  od
}

/* DeliveryQueue.lease. The gateways are alike, so gateway 0 leases first. */
inline lease_job(s, m) {
  d_step { at[s] == IDLE && (s == 0 || usedGateway) && can_lease(s, m) && is_due(m) ->
    printf("gateway %d leases message %d\n", s, m);
    usedGateway = 1;
    do_lease(s, m);
    waitsFor[m] = 0;
    at[s] = LEASED;
    msg[s] = m;
    dispatchedBefore[s] = dispatched[m];
    relayedBefore[s] = relayed[m];
    foundExpired[s] = expired[m];
    told[so(s, 0)] = interim[mo(m, 0)];
#if OFFICES > 1
    told[so(s, 1)] = interim[mo(m, 1)];
#endif
  }
}

/* DeliveryQueue.dispatch: committed before the first byte is sent. If the enclaves are alike, enclave 0 is used first. */
inline dispatch_to(s, e) {
  d_step { at[s] == LEASED && !foundExpired[s] && (SHARED_KEYS -> (e == 0 || usedEnclave) : sealedTo[msg[s]] == e) ->
    if
    :: can_dispatch(s, msg[s]) ->
      printf("gateway %d notes the dispatch of message %d\n", s, msg[s]);
      do_dispatch(s, msg[s]);
      usedEnclave = 1;
      at[s] = DISPATCHED;
      via[s] = e
    :: else -> lost(s); idle(s)
    fi
  }
}

/* communique-interim-receipt: the outcomes that another enclave signed. */
inline tell(s) {
#ifdef WEAK_INTERIM
  skip
#else
  wireTold[so(s, 0)] = told[so(s, 0)];
#if OFFICES > 1
  wireTold[so(s, 1)] = told[so(s, 1)];
#endif
#endif
}

inline clear_wire(s) {
  wireTold[so(s, 0)] = 0;
#if OFFICES > 1
  wireTold[so(s, 1)] = 0;
#endif
}

inline decide(s, what) { at[s] = DECIDED; writes[s] = what; via[s] = 0 }

inline lost(s) { printf("gateway %d lost its lease of message %d: it writes nothing\n", s, msg[s]); in_doubt(s) }

inline in_doubt(s) { mayHaveLeft[msg[s]] = (mayHaveLeft[msg[s]] || is_at_dispatch(s, msg[s])) }

inline idle(s) {
  at[s] = IDLE; msg[s] = 0; via[s] = 0; writes[s] = 0; status[s] = 0; cost[s] = 0;
  dispatchedBefore[s] = 0; relayedBefore[s] = 0; foundExpired[s] = 0; allRefused[s] = 0;
  told[so(s, 0)] = 0;
#if OFFICES > 1
  told[so(s, 1)] = 0;
#endif
}

/* The latest receipt is stored with the message. `told` is NONE if there is no receipt from this or an earlier attempt. */
inline keep_interim(s) {
  interim[mo(msg[s], 0)] = told[so(s, 0)];
#if OFFICES > 1
  interim[mo(msg[s], 1)] = told[so(s, 1)];
#endif
  waitsFor[msg[s]] = (writes[s] == END -> 0 : via[s])
}

inline count(s) {
  sents = 0; unknowns = 0; arrived = 0;
  i = 0;
  do
  :: i < OFFICES ->
    sents = sents + was_sent(told[so(s, i)]);
    unknowns = unknowns + (told[so(s, i)] == UNKNOWN);
    arrived = arrived + (told[so(s, i)] == ACCEPTED || told[so(s, i)] == DUPLICATE);
    i++
  :: else -> break
  od;
  i = 0
}

/* decision.ts, decideFinalProblem. */
inline final_problem(s, end_) {
  count(s);
  at[s] = DECIDED; writes[s] = END; via[s] = 0;
  if
  :: !endUnsent_when_dispatchedBefore(s, msg[s]) -> status[s] = NOT_KNOWN; cost[s] = price
  :: else ->
    cost[s] = sents;
    if
    :: unknowns > 0 -> status[s] = NOT_KNOWN
    :: else ->
      if
      :: end_ == KEY_RETIRED && arrived > 0 -> status[s] = PARTLY
      :: else -> status[s] = end_
      fi
    fi
  fi;
  sents = 0; unknowns = 0; arrived = 0
}

/* DeliveryQueue.end: in the transaction that deletes the job. */
inline settle_nullifier(s) {
  if
  :: PROVEN && nullifier == msg[s] + 1 ->
    if
    :: may_free(s) -> nullifier = FREE; freed[msg[s]] = 1
    :: else -> nullifier = KEPT
    fi
  :: else
  fi
}

/* budget.service.ts, settle: once for each message, the cost of the copies replaces the reserved amount. */
inline settle(s) {
  reserved = reserved - price;
  spent = spent + cost[s];
  assert(cost[s] <= price)
}

/* One attempt: delivery-worker.ts and delivery-attempt.ts. Each DeliveryAttempt.store checks the lease, and writes nothing without it. */
proctype Gateway(byte s) {
end:
  do
  :: lease_job(s, 0)
#if MESSAGES > 1
  :: lease_job(s, 1)
#endif
  :: d_step { at[s] == LEASED && foundExpired[s] ->
      printf("gateway %d finds message %d expired\n", s, msg[s]);
      final_problem(s, EXPIRED) }
  :: d_step { at[s] == LEASED && !foundExpired[s] && !SHARED_KEYS && keyLost[msg[s]] ->
      printf("gateway %d sees that no enclave holds the key of message %d\n", s, msg[s]);
      final_problem(s, KEY_RETIRED) }
  :: d_step { at[s] == LEASED && faults > 0 ->
      printf("gateway %d gives message %d back: it may not relay now\n", s, msg[s]);
      faults--;
      if
      :: can_release(s, msg[s]) -> do_release(s, msg[s])
      :: else -> lost(s)
      fi;
      idle(s) }
  :: dispatch_to(s, 0)
  :: dispatch_to(s, 1)
  /* The bytes are sent. Each worker has one request on its way at a time; docs/delivery-model.md says what the model leaves out. */
  :: d_step { at[s] == DISPATCHED && wire[s] == 0 ->
      printf("gateway %d sends message %d to enclave %d\n", s, msg[s], via[s]);
      at[s] = WAITING;
      wire[s] = via[s] + 1;
      wireOf[s] = msg[s];
      wireBefore[s] = says_dispatched_before(s);
      tell(s);
      mayHaveLeft[msg[s]] = 1 }
  :: d_step { at[s] == TOO_LATE ->
      printf("gateway %d was stopped for longer than its lease and does not send message %d\n", s, msg[s]);
      decide(s, UNSENT) }
  :: d_step { at[s] == DISPATCHED && faults > 0 ->
      printf("gateway %d cannot connect to enclave %d: nothing of message %d is sent\n", s, via[s], msg[s]);
      faults--; decide(s, UNSENT) }
  :: d_step { at[s] == WAITING && wire[s] != 0 && faults > 0 ->
      printf("enclave %d is busy and does not take message %d\n", via[s], msg[s]);
      faults--; wire[s] = 0; wireOf[s] = 0; wireBefore[s] = 0; clear_wire(s); decide(s, UNTAKEN) }
  :: d_step { at[s] == WAITING && faults > 0 ->
      printf("gateway %d has no answer on message %d in time\n", s, msg[s]);
      faults--; decide(s, UNANSWERED) }
  :: d_step { at[s] == DECIDED && writes[s] == UNSENT ->
      if
      :: can_unsent(s, msg[s]) -> printf("gateway %d: message %d again, nothing was sent\n", s, msg[s]); do_unsent(s, msg[s])
      :: else -> lost(s)
      fi;
      idle(s) }
  :: d_step { at[s] == DECIDED && writes[s] == UNTAKEN ->
      if
      :: can_untaken(s, msg[s]) -> printf("gateway %d: message %d again, it was not taken\n", s, msg[s]); do_untaken(s, msg[s])
      :: else -> lost(s)
      fi;
      idle(s) }
  :: d_step { at[s] == DECIDED && writes[s] == UNANSWERED ->
      if
      :: can_unanswered(s, msg[s]) -> printf("gateway %d: message %d again, the dispatch stands\n", s, msg[s]); do_unanswered(s, msg[s]); forget_dispatch(s); keep_interim(s)
      :: else -> lost(s)
      fi;
      idle(s) }
  :: d_step { at[s] == DECIDED && writes[s] == ANSWERED ->
      if
      :: can_answered(s, msg[s]) -> printf("gateway %d: message %d again, after an interim receipt\n", s, msg[s]); do_answered(s, msg[s]); keep_interim(s)
      :: else -> lost(s)
      fi;
      idle(s) }
  :: d_step { at[s] == DECIDED && writes[s] == END ->
      if
      :: can_end(s, msg[s]) ->
        printf("gateway %d ends message %d with status %d\n", s, msg[s], status[s]);
        keep_interim(s);
        ended[msg[s]] = status[s];
        do_end(s, msg[s]);
        settle_nullifier(s);
#ifdef WEAK_SETTLE_LATER
        at[s] = SETTLING
#else
        settle(s);
        check(msg[s]);
        idle(s)
#endif
      :: else -> lost(s); idle(s)
      fi }
#ifdef WEAK_SETTLE_LATER
  :: d_step { at[s] == SETTLING -> printf("gateway %d settles message %d\n", s, msg[s]); settle(s); idle(s) }
#endif
  :: d_step { at[s] != IDLE && crashes > 0 -> printf("gateway %d is killed\n", s); crashes--; in_doubt(s); idle(s) }
  od
}

inline lose_key(e, m) {
  if
  :: !SHARED_KEYS && client[m] != NOT_POSTED && sealedTo[m] == e -> keyLost[m] = 1
  :: else
  fi
}

inline forget(e, m) {
#if SEALED_AGAIN
  askedFor[em(e, m)] = 0;
#endif
  running[em(e, m)] = 0; notDue[em(e, m)] = 0;
  memory[emo(e, m, 0)] = NONE; copy[emo(e, m, 0)] = 0;
#if OFFICES > 1
  memory[emo(e, m, 1)] = NONE; copy[emo(e, m, 1)] = 0;
#endif
}

inline cut(e, s) {
  if
  :: wire[s] == e + 1 -> wire[s] = 0; wireOf[s] = 0; wireBefore[s] = 0; clear_wire(s)
  :: else
  fi;
  if
  :: at[s] == WAITING && via[s] == e -> decide(s, UNANSWERED)
  :: else
  fi
}

/* A request of worker s arrives at enclave e. DeliveryMemory.once decides about each copy. */
inline take(e, s) {
  d_step { wire[s] == e + 1 ->
    wire[s] = 0;
    if
    :: !can_open(e, wireOf[s]) ->
      printf("enclave %d does not hold the key of message %d\n", e, wireOf[s]);
      if
      :: at[s] == WAITING && via[s] == e && msg[s] == wireOf[s] -> final_problem(s, KEY_RETIRED)
      :: else
      fi
    :: else ->
      if
      :: expired[wireOf[s]] && !running[em(e, wireOf[s])] ->
        printf("enclave %d finds message %d expired\n", e, wireOf[s]);
        if
        :: at[s] == WAITING && via[s] == e && msg[s] == wireOf[s] -> final_problem(s, EXPIRED)
        :: else
        fi
      :: running[em(e, wireOf[s])] -> printf("enclave %d is at message %d already\n", e, wireOf[s])
      :: else ->
        printf("enclave %d takes message %d\n", e, wireOf[s]);
        running[em(e, wireOf[s])] = 1;
        once(e, wireOf[s], 0, s);
#if OFFICES > 1
        once(e, wireOf[s], 1, s);
#endif
        ask(e, wireOf[s], s)
      fi
    fi;
    wireOf[s] = 0; wireBefore[s] = 0; clear_wire(s)
  }
}

inline ask(e, m, s) {
#if SEALED_AGAIN
  askedFor[em(e, m)] = (askedFor[em(e, m)] || !wireBefore[s])
#else
  skip
#endif
}

inline once(e, m, o, s) {
  if
  :: is_settled(memory[emo(e, m, o)]) && !FORGETS -> skip
  :: else ->
    if
    :: is_pending(memory[emo(e, m, o)]) && notDue[em(e, m)] ->
      if
      :: settled_elsewhere(s, o) && !WAITS_ANYHOW -> memory[emo(e, m, o)] = wireTold[so(s, o)]
      :: !(settled_elsewhere(s, o) && !WAITS_ANYHOW) && SHARED_KEYS && is_forgetful(o) && !is_answer(e, m, s) -> copy[emo(e, m, o)] = WITHHELD
      :: else -> skip /* answers with its last result */
      fi
    :: else ->
      if
      /* earlier-attempts.ts */
      :: settled_elsewhere(s, o) -> memory[emo(e, m, o)] = wireTold[so(s, o)]
      :: else ->
        if
        :: SHARED_KEYS && is_forgetful(o) && wireBefore[s] && !BELIEVES_NOTHING -> copy[emo(e, m, o)] = WITHHELD
        :: else -> copy[emo(e, m, o)] = 1
        fi
      fi
    fi
  fi
}

/* cwc/congress.ts: sends one copy to its office. */
inline deliver(e, m, o) {
  if
  :: d_step { copy[emo(e, m, o)] == 1 && refuses[mo(m, o)] ->
    printf("office %d refuses message %d from enclave %d\n", o, m, e);
    copy[emo(e, m, o)] = 0;
    memory[emo(e, m, o)] = REFUSED }
  :: d_step { copy[emo(e, m, o)] == 1 && !refuses[mo(m, o)] && (!taken[mo(m, o)] || is_forgetful(o)) ->
    printf("office %d takes message %d from enclave %d\n", o, m, e);
    copy[emo(e, m, o)] = 0;
    memory[emo(e, m, o)] = ACCEPTED;
    taken[mo(m, o)]++;
    check(m) }
  :: d_step { copy[emo(e, m, o)] == 1 && !refuses[mo(m, o)] && taken[mo(m, o)] && !is_forgetful(o) ->
    printf("office %d knows message %d from enclave %d already\n", o, m, e);
    copy[emo(e, m, o)] = 0;
    memory[emo(e, m, o)] = DUPLICATE }
  :: d_step { copy[emo(e, m, o)] == 1 && faults > 0 ->
    printf("office %d is in maintenance: it does not take message %d from enclave %d\n", o, m, e);
    faults--;
    copy[emo(e, m, o)] = 0;
    memory[emo(e, m, o)] = (memory[emo(e, m, o)] == PERHAPS -> PERHAPS : PENDING) }
  :: d_step { copy[emo(e, m, o)] == 1 && faults > 0 && !refuses[mo(m, o)] && (!taken[mo(m, o)] || is_forgetful(o)) ->
    printf("office %d takes message %d from enclave %d, and its answer is lost\n", o, m, e);
    faults--;
    copy[emo(e, m, o)] = 0;
    memory[emo(e, m, o)] = without_answer(o);
    taken[mo(m, o)]++;
    check(m) }
  :: d_step { copy[emo(e, m, o)] == 1 && faults > 0 ->
    printf("office %d cuts the connection of enclave %d: it does not have message %d from it\n", o, e, m);
    faults--;
    copy[emo(e, m, o)] = 0;
    memory[emo(e, m, o)] = without_answer(o) }
  fi
}

/* The end of a run: every worker that waits for it gets the receipt (decision.ts, decideAnswer). */
inline answer(e, m) {
  d_step { running[em(e, m)] && copy[emo(e, m, 0)] != 1 && copy[emo(e, m, OFFICES - 1)] != 1 ->
    printf("enclave %d answers on message %d\n", e, m);
    running[em(e, m)] = 0;
    notDue[em(e, m)] = (notDue[em(e, m)] || waits(emo(e, m, 0)) || waits(emo(e, m, OFFICES - 1)));
    hear(0, e, m);
    hear(1, e, m);
    copy[emo(e, m, 0)] = 0;
    copy[emo(e, m, OFFICES - 1)] = 0
  }
}

inline hear(s, e, m) {
  if
  :: at[s] == WAITING && via[s] == e && msg[s] == m && wire[s] == 0 ->
    sents = 0;
    i = 0;
    do
    :: i < OFFICES -> sents = sents + was_sent(told[so(s, i)]); i++
    :: else -> break
    od;
    pendings = sents; /* copies sent, by the interim receipt */
    i = 0; withhelds = 0;
    do
    :: i < OFFICES ->
      told[so(s, i)] = (copy[emo(e, m, i)] == WITHHELD || is_pending(memory[emo(e, m, i)]) -> PENDING : memory[emo(e, m, i)]);
      withhelds = withhelds + (copy[emo(e, m, i)] == WITHHELD);
      i++
    :: else -> break
    od;
    i = 0;
    count(s);
    at[s] = DECIDED;
    if
    :: withhelds > 0 && withhelds == count_pending(s) ->
      via[s] = 0;
      writes[s] = END; status[s] = NOT_KNOWN; cost[s] = sents + withhelds
    :: withhelds > 0 && withhelds != count_pending(s) ->
      via[s] = e + 1;
      writes[s] = after_withheld
    :: withhelds == 0 && count_pending(s) > 0 ->
      via[s] = e + 1;
      writes[s] = ANSWERED
    :: else ->
      via[s] = 0;
      writes[s] = END;
      cost[s] = sents;
      allRefused[s] = (arrived == 0 && unknowns == 0 && pendings == 0);
      status[s] = (unknowns > 0 -> NOT_KNOWN : (arrived == 0 -> ALL_REFUSED : (arrived == OFFICES -> DELIVERED : PARTLY)))
    fi;
    pendings = 0; withhelds = 0; sents = 0; unknowns = 0; arrived = 0
  :: else
  fi
}

/* message.service.ts: one run for each message at a time. A request that arrives during the run gets the answer of that run. */
proctype Enclave(byte e) {
end:
  do
  :: take(e, 0)
  :: take(e, 1)
  :: deliver(e, 0, 0)
  :: answer(e, 0)
#if OFFICES > 1
  :: deliver(e, 0, 1)
#endif
#if MESSAGES > 1
  :: deliver(e, 1, 0)
  :: answer(e, 1)
#if OFFICES > 1
  :: deliver(e, 1, 1)
#endif
#endif
  :: d_step { crashes > 0 && (usedEnclave || !SHARED_KEYS && client[0] != NOT_POSTED) ->
      printf("enclave %d is killed\n", e);
      crashes--;
      forget(e, 0);
      lose_key(e, 0);
#if MESSAGES > 1
      forget(e, 1);
      lose_key(e, 1);
#endif
      cut(e, 0);
      cut(e, 1) }
  od
}

inline time_passes(m) {
  if
  :: d_step { leaseOf[m] != 0 && !leaseOver[m] && !NEVER_OVER && (faults > 0 || !holder_works(m)) ->
    printf("the lease of message %d runs out\n", m);
    faults = faults - holder_works(m);
    if
    :: is_held_up(m) -> at[leaseOf[m] - 1] = TOO_LATE
    :: else
    fi;
    leaseOver[m] = 1 }
  :: d_step { EXPIRY && faults > 0 && job[m] && !expired[m] ->
    printf("message %d expires\n", m);
    faults--;
    expired[m] = 1 }
  :: d_step { notDue[em(0, m)] && !running[em(0, m)] && !is_on_its_way(0, m) -> printf("enclave 0 may try message %d again\n", m); notDue[em(0, m)] = 0 }
  :: d_step { notDue[em(1, m)] && !running[em(1, m)] && !is_on_its_way(1, m) -> printf("enclave 1 may try message %d again\n", m); notDue[em(1, m)] = 0 }
  fi
}

inline check_rest(m) {
  assert(!(client[m] == HAS_202 && (!ended[m] || job[m]))) /* accepted, and never ended */
}

/* Time passes: leases run out, messages expire, waits of enclaves end. */
proctype World() {
end:
  do
  :: time_passes(0)
#if MESSAGES > 1
  :: time_passes(1)
#endif
  :: timeout ->
    d_step {
      check_rest(0);
#if MESSAGES > 1
      check_rest(1);
#endif
      assert(reserved == 0) /* promised and never settled */
    };
    break
  od
}

init {
  atomic {
#if SEALED_AGAIN
    memory[emo(0, 0, 0)] = PENDING;
    notDue[em(0, 0)] = 1;
#endif
    run Client(0);
#if MESSAGES > 1
    run Client(1);
#endif
    run Gateway(0); run Gateway(1); run Enclave(0); run Enclave(1); run World()
  }
}
