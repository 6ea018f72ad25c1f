import {
  readEnclave_unverified,
  type CheckResult,
  type Examination,
  type UnverifiedEnclave,
} from '@communique-tee/enclave-identity';
import { toHex } from '@communique-tee/protocol';
import { describe, describeConfiguration, fields } from '../output/describe-attestation';
import { iso, json, printable, type Paint } from '../output/terminal';

export type Judgement =
  | {
      readonly outcome: 'trusted';
      readonly atMs: number;
      readonly checks: readonly CheckResult[];
      readonly nonceChecked: boolean;
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

export const ROOT_WARNING =
  'under the root given with --development-root, not under AWS’s: whoever holds its key can forge this';

export function asText(judgement: Judgement, paint: Paint): string {
  const warning = (text: string) => `${paint('WARNING', 'warn')}  ${text}`;
  switch (judgement.outcome) {
    case 'trusted': {
      const { attestation, keys, configuration } = judgement.claims;
      return [
        `${paint('TRUSTED', 'good')}  ${printable(attestation.moduleId)}`,
        ...(judgement.ownRoot ? [warning(ROOT_WARNING)] : []),
        ...(attestation.unknownFields.length === 0 ? [] : [warning(unknownFields(judgement.checks))]),
        ...(judgement.nonceChecked ? [] : [warning('no nonce was checked: this may be a copy made for somebody else')]),
        ...describe({ ...attestation, ...(keys && { keys }) }, judgement.atMs),
        ...(configuration ? describeConfiguration(configuration) : []),
        '',
      ].join('\n');
    }
    case 'refused': {
      const claimed = claims(judgement.document);
      return [
        `${paint('REFUSED', 'bad')}  ${judgement.code}`,
        `         ${printable(judgement.message)} (step: ${judgement.step})`,
        ...(claimed
          ? ['', 'What the document claims; nothing of it is verified:', ...describe(claimed, judgement.atMs)]
          : []),
        '',
      ].join('\n');
    }
  }
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
      const { nonceChecked, ownRoot } = judgement;
      const { attestation, keys, configuration } = judgement.claims;
      return json({
        ...base,
        nonce_checked: nonceChecked,
        own_root: ownRoot,
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
