/** The operator's own id of a person: 1 to 64 visible ASCII characters, none of them a comma, a semicolon or a quotation mark. */
export const PERSON_ID = /^(?![^]*[",;])[\x21-\x7e]{1,64}$/;
