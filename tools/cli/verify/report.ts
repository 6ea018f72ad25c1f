import {
  readAttestation_unverified,
  type UnverifiedAttestation,
  type VerifiedAttestation,
} from '@communique-tee/attestation';
import { toHex } from '@communique-tee/protocol';
import { describe, fields } from '../output/describe-attestation';
import { iso, json, printable, type Paint } from '../output/terminal';

export type Judgement =
  | {
      readonly outcome: 'trusted';
      readonly atMs: number;
      readonly nonceChecked: boolean;
      readonly ownRoot: boolean;
      readonly attestation: VerifiedAttestation;
    }
  | {
      readonly outcome: 'refused';
      readonly atMs: number;
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
    case 'trusted':
      return [
        `${paint('TRUSTED', 'good')}  ${printable(judgement.attestation.moduleId)}`,
        ...(judgement.ownRoot ? [warning(ROOT_WARNING)] : []),
        ...(judgement.nonceChecked ? [] : [warning('no nonce was checked: this may be a copy made for somebody else')]),
        ...describe(judgement.attestation, judgement.atMs),
        '',
      ].join('\n');
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

export function asJson(judgement: Judgement): string {
  const base = {
    outcome: judgement.outcome,
    trusted: judgement.outcome === 'trusted',
    verified_at: iso(judgement.atMs),
  };
  switch (judgement.outcome) {
    case 'trusted': {
      const { nonceChecked, ownRoot, attestation } = judgement;
      return json({
        ...base,
        nonce_checked: nonceChecked,
        own_root: ownRoot,
        document_sha256: toHex(attestation.documentSha256),
        attestation: fields(attestation),
      });
    }
    case 'refused': {
      const { code, step, message } = judgement;
      const claimed = claims(judgement.document);
      return json({ ...base, code, step, message, ...(claimed && { unverified: fields(claimed) }) });
    }
  }
}

function claims(document: Uint8Array): UnverifiedAttestation | undefined {
  try {
    return readAttestation_unverified(document);
  } catch {
    return undefined;
  }
}
