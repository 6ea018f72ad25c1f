/** A broken rule. It contains ids, states and codes, and never a text of a message. */
export interface Violation {
  readonly rule:
    | 'lost'
    | 'not_ended'
    | 'ended_more_than_once'
    | 'job_left'
    | 'unasked_row'
    | 'bytes_not_sealed_by_sender'
    | 'receipt_missing'
    | 'receipt_does_not_verify'
    | 'status_contradicts_receipt'
    | 'expired_early'
    | 'key_retired_again'
    | 'key_lost'
    | 'refused_without_reason'
    | 'duplicate'
    | 'copy_missing'
    | 'copy_not_in_receipt'
    | 'other_delivery_id'
    | 'other_text'
    | 'copy_of_nobody'
    | 'reservation_open'
    | 'reservations_not_one_per_acceptance'
    | 'settled_wrongly'
    | 'window_not_ledger'
    | 'emergency_stop'
    | 'two_of_one_person'
    | 'nullifier_lost'
    | 'nullifier_burnt'
    | 'nullifier_of_nobody'
    | 'secret_left'
    | 'not_a_transition'
    | 'sender_failed';
  /** The id of the message, or the name of the other thing that broke the rule. */
  readonly about: string;
  readonly detail: string;
}
