import {
  readEnclave_unverified,
  type CheckResult,
  type Examination,
  type UnverifiedEnclave,
} from '@communique-tee/enclave-identity';
import { toHex } from '@communique-tee/protocol';
import { describe, describeConfiguration, fields } from '../output/describe-attestation';
import { iso, json, printable, type Paint } from '../output/terminal';
import type { Publisher } from '../trust';

export type Judgement =
  | {
      readonly outcome: 'trusted';
      readonly atMs: number;
      readonly checks: readonly CheckResult[];
      readonly nonceChecked: boolean;
      readonly publisher: Publisher | undefined;
      readonly ownRoot: boolean;
      readonly claims: NonNullable<Examination['claims']>;
    }
  | {
      readonly outcome: 'refused';
      readonly atMs: number;
      readonly checks: readonly CheckResult[];
      readonly code: string;
      readonly step: string;
      readonly message: string;
      readonly document: Uint8Array;
    };

export const OPERATOR_WARNING =
  'any operator was accepted: this image may run under the account of a stranger, who learns metadata and can drop messages';
export const ROOT_WARNING =
  'the root is not AWS’s, but a development root that --development-root or the policy names: anyone who has its key can forge this';

export function asText(judgement: Judgement, paint: Paint): string {
  const warning = (text: string) => `${paint('WARNING', 'warn')}  ${text}`;
  switch (judgement.outcome) {
    case 'trusted': {
      const { attestation, keys, configuration } = judgement.claims;
      return [
        `${paint('TRUSTED', 'good')}  ${printable(attestation.moduleId)}`,
        ...(judgement.ownRoot ? [warning(ROOT_WARNING)] : []),
        ...(anyOperator(judgement.checks) ? [warning(OPERATOR_WARNING)] : []),
        ...(attestation.unknownFields.length === 0 ? [] : [warning(unknownFields(judgement.checks))]),
        ...(judgement.nonceChecked
          ? []
          : [warning('no nonce was checked: this may be a copy that was made for another request')]),
        ...describe({ ...attestation, ...(keys && { keys }) }, judgement.atMs),
        ...(judgement.publisher ? [publisherLine(judgement.publisher)] : []),
        ...(configuration ? describeConfiguration(configuration) : []),
        '',
      ].join('\n');
    }
    case 'refused': {
      const claimed = claims(judgement.document);
      return [
        `${paint('REFUSED', 'bad')}  ${judgement.code}`,
        `         ${printable(judgement.message)} (step: ${judgement.step})`,
        ...(HINTS[judgement.code] === undefined ? [] : [`         ${HINTS[judgement.code] ?? ''}`]),
        ...(claimed
          ? ['', 'What the document claims; none of it is verified:', ...describe(claimed, judgement.atMs)]
          : []),
        '',
      ].join('\n');
    }
  }
}

/** Hints for errors that another option may solve. */
const HINTS: Readonly<Record<string, string>> = {
  ERR_ATTESTATION_ROOT:
    'AWS did not sign it: this is a demo, or a forgery. To try your own demo, name its root with --development-root.',
  ERR_ATTESTATION_OPERATOR:
    'Accept this PCR3 with --pcr3 only if you know from its operator that it is theirs. --any-operator accepts every operator.',
  ERR_ATTESTATION_OPERATOR_UNNAMED: '--any-operator accepts it nevertheless.',
  ERR_ATTESTATION_INSTANCE: 'Leave --pcr4 out to accept every instance of this operator.',
};

function anyOperator(checks: readonly CheckResult[]): boolean {
  return checks.some(({ name, state }) => name === 'operator' && state === 'warning');
}

function publisherLine({ name, origin }: Publisher): string {
  return `  operator    ${printable(name)}, ${printable(origin)}, as your policy file says`;
}

function unknownFields(checks: readonly CheckResult[]): string {
  const check = checks.find(({ name }) => name === 'fields');
  const names = check?.state === 'warning' ? (check.detail ?? '') : '';
  return `the document has fields that this version does not know, and ignores: ${printable(names)}`;
}

export function asJson(judgement: Judgement): string {
  const base = {
    outcome: judgement.outcome,
    trusted: judgement.outcome === 'trusted',
    verified_at: iso(judgement.atMs),
    checks: judgement.checks.map(({ name, state, ...more }) => ({
      name,
      state,
      ...('code' in more && { code: more.code }),
      ...('detail' in more && { detail: more.detail }),
    })),
  };
  switch (judgement.outcome) {
    case 'trusted': {
      const { nonceChecked, ownRoot, publisher } = judgement;
      const { attestation, keys, configuration } = judgement.claims;
      return json({
        ...base,
        nonce_checked: nonceChecked,
        own_root: ownRoot,
        any_operator: anyOperator(judgement.checks),
        ...(publisher && { operator: publisher }),
        document_sha256: toHex(attestation.documentSha256),
        attestation: fields({ ...attestation, ...(keys && { keys }) }),
        ...(configuration && { configuration }),
      });
    }
    case 'refused': {
      const { code, step, message } = judgement;
      const claimed = claims(judgement.document);
      return json({ ...base, code, step, message, ...(claimed && { unverified: fields(claimed) }) });
    }
  }
}

function claims(document: Uint8Array): UnverifiedEnclave | undefined {
  try {
    return readEnclave_unverified(document);
  } catch {
    return undefined;
  }
}
