import { parseDistrict } from './district';
import { ResidenceError } from './errors';
import { fieldFromHex, fieldToHex, type Field } from './field';
import { TREE_PLACES } from './merkle-tree';
import { checkId } from './statement';

/**
 * What a person gets from the registrar for a commitment. It reveals where the person lives, so it is as private as an address.
 */
export interface Registration {
  registrar: string;
  /** `120-MT-01` */
  district: string;
  salt: Field;
  /** The place in the tree: 0 to 2^20 - 1. */
  index: number;
}

/** The JSON form of a registration. `salt` has 64 hex digits. */
export interface RegistrationJson {
  readonly version: 1;
  readonly registrar: string;
  readonly district: string;
  readonly salt: string;
  readonly index: number;
}

const MEMBERS = ['district', 'index', 'registrar', 'salt', 'version'];

/**
 * Reads a registration from its JSON value, which must have exactly these members.
 * @throws ResidenceError `ERR_RESIDENCE_REGISTRATION`, without any part of the value
 */
export function registrationFromJson(value: unknown): Registration {
  if (typeof value !== 'object' || value === null) throw notARegistration();
  const given = value as Partial<Record<keyof RegistrationJson, unknown>>;
  const { version, registrar, district, salt, index } = given;
  const isWhole = JSON.stringify(Object.keys(given).sort()) === JSON.stringify(MEMBERS);
  const isPlace = typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < TREE_PLACES;
  if (!isWhole || version !== 1 || !isPlace) throw notARegistration();
  if (typeof registrar !== 'string' || typeof district !== 'string' || typeof salt !== 'string')
    throw notARegistration();
  try {
    parseDistrict(district);
    return { registrar: checkId(registrar), district, salt: fieldFromHex(salt), index };
  } catch {
    throw notARegistration();
  }
}

export function registrationToJson({ registrar, district, salt, index }: Registration): RegistrationJson {
  return { version: 1, registrar, district, salt: fieldToHex(salt), index };
}

function notARegistration(): ResidenceError {
  return new ResidenceError('ERR_RESIDENCE_REGISTRATION', 'the value does not have the form of a registration');
}
