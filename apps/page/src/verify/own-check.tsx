import { useEffect, useState } from 'preact/hooks';
import { grouped } from '../format';
import { text } from '../text/text';
import { operatorsOf, type Accepted } from '../trust/accepted';
import { demoRoot, naming, site } from '../trust/trust';
import { Card } from '../ui/card';
import { CopyButton } from '../ui/copy-button';
import { verifierFile } from '../verifier-file';

/** Shows what this page cannot prove, and how to check the enclave without the page. */
export function OwnCheck() {
  const words = text.value.verify.own;
  const { verifierUrl, developmentRootPem } = site.value ?? {};
  const command = verifyCommand(location.origin, naming.value.accepted, demoRoot.value !== undefined);
  return (
    <section aria-labelledby="own-title">
      <h2 id="own-title">{words.cannot}</h2>
      <Card>
        <h3>{words.title}</h3>
        <p>{words.why}</p>
        {typeof verifierUrl === 'string' ? (
          <p>
            {words.where} <a href={verifierUrl}>{verifierUrl}</a>
          </p>
        ) : (
          <>
            <p>{words.nowhere}</p>
            {verifierFile !== undefined && <Command text_={verifierFile.buildCommand} />}
          </>
        )}
        {verifierFile !== undefined && (
          <>
            <p>{words.hash}</p>
            <p>
              <code>{grouped(verifierFile.sha256)}</code> <CopyButton value={verifierFile.sha256} what="SHA-256" />
            </p>
          </>
        )}
        {demoRoot.value !== undefined && typeof developmentRootPem === 'string' && (
          <SaveRoot pem={developmentRootPem} />
        )}
        <p>{words.run}</p>
        <Command text_={command} />
        <p class="hint">{words.exit}</p>
      </Card>
    </section>
  );
}

function Command({ text_ }: { readonly text_: string }) {
  return (
    <div class="command-row">
      <pre class="command" tabindex={0} role="group" aria-label={text.value.verify.own.command}>
        <code>{text_}</code>
      </pre>
      <CopyButton value={text_} what={text.value.verify.own.command} />
    </div>
  );
}

/** Offers the development root as a file. */
function SaveRoot({ pem }: { readonly pem: string }) {
  const words = text.value.verify.own;
  const [href, setHref] = useState<string | undefined>(undefined);
  useEffect(() => {
    const address = URL.createObjectURL(new Blob([pem], { type: 'application/x-pem-file' }));
    setHref(address);
    return () => {
      URL.revokeObjectURL(address);
    };
  }, [pem]);
  return (
    <>
      <p>{words.root}</p>
      <p>
        {href !== undefined && (
          <a href={href} download="development-root.pem">
            {words.saveRoot}
          </a>
        )}
      </p>
    </>
  );
}

/**
 * Returns the `verify` command with the accepted images and their operator. With several operators it names only the first image and
 * operator, because only a policy file can name several pairs.
 */
function verifyCommand(origin: string, accepted: Accepted | undefined, demo: boolean): string {
  const [first] = accepted ?? [];
  const [operator, ...others] = operatorsOf(accepted ?? []);
  const images = others.length > 0 ? [first?.pcr0] : (accepted ?? []).map(({ pcr0 }) => pcr0);
  return [
    'node communique-tee.mjs verify',
    `--gateway ${origin}`,
    `--pcr0 ${images.join(',') || '<PCR0>'}`,
    operator === 'any' ? '--any-operator' : `--pcr3 ${operator ?? '<PCR3>'}`,
    ...(demo ? ['--development-root development-root.pem'] : []),
  ].join(' ');
}
