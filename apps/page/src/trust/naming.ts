// Which images and operators the enclave is compared with, and who named them.
import type { Accepted, AcceptedSet, Kept, Problem, Read } from './accepted';

/**
 * `file`: given on /verify, for this visit. `link`: in the page's address. `kept`: kept in this browser. `site`: the site's own list, which
 * is no more trustworthy than this page, because both come from the site.
 */
export type NamedBy = 'file' | 'link' | 'kept' | 'site';

/**
 * Why the page can use neither the link's list nor this browser's. It does not use a weaker source in their place.
 */
export type NamingRefusal =
  | { readonly kind: 'link_unusable'; readonly problem: Problem }
  | { readonly kind: 'kept_unusable' }
  /** The link names an image or operator that is not in this browser's list, so the person has to choose. */
  | { readonly kind: 'link_contradicts_kept' };

export interface Sources {
  readonly file: Accepted | undefined;
  readonly link: Read<Accepted> | undefined;
  readonly kept: Kept;
  /** Undefined if the server did not give its list. */
  readonly site: readonly AcceptedSet[] | undefined;
}

export interface Naming {
  /** Undefined: the page compares with nothing, so it trusts no enclave. */
  readonly accepted: Accepted | undefined;
  readonly namedBy: NamedBy | undefined;
  readonly refusal: NamingRefusal | undefined;
  /** Whether the person's list names an image, or an operator, that the site does not publish. */
  readonly differsFromSite: boolean;
}

/** Chooses the list to compare with: what the person named comes before what the site names. */
export function nameImages({ file, link, kept, site }: Sources): Naming {
  const by = (namedBy: NamedBy, accepted: Accepted): Naming => ({
    accepted,
    namedBy,
    refusal: undefined,
    differsFromSite: site !== undefined && !accepted.every((set) => site.some((each) => covers(each, set))),
  });
  const refused = (refusal: NamingRefusal): Naming => ({
    accepted: undefined,
    namedBy: undefined,
    refusal,
    differsFromSite: false,
  });
  if (file !== undefined) return by('file', file);
  if (link?.ok === false) return refused({ kind: 'link_unusable', problem: link.problem });
  if (kept === 'unusable') return refused({ kind: 'kept_unusable' });
  if (link !== undefined && kept !== undefined) {
    const both = link.value.map((set) => narrowed(kept, set)).filter((set) => set !== undefined);
    const [first, ...rest] = both;
    if (first === undefined || both.length < link.value.length) return refused({ kind: 'link_contradicts_kept' });
    return by('link', [first, ...rest]);
  }
  if (link !== undefined) return by('link', link.value);
  if (kept !== undefined) return by('kept', kept);
  const [first, ...rest] = site ?? [];
  if (first !== undefined) return by('site', [first, ...rest]);
  return { accepted: undefined, namedBy: undefined, refusal: undefined, differsFromSite: false };
}

/** Whether the first set accepts the image and operator of the other. */
function covers(one: AcceptedSet, other: AcceptedSet): boolean {
  return one.pcr0 === other.pcr0 && (one.operator === 'any' || one.pcr3 === other.pcr3);
}

/** Adds the other kept measurements to the link's image and operator. Returns undefined if no kept set accepts these two. */
function narrowed(kept: Accepted, linked: AcceptedSet): AcceptedSet | undefined {
  const found = kept.find((each) => covers(each, linked));
  if (found === undefined) return undefined;
  const { operator: _operator, pcr3: _pcr3, ...image } = found;
  return { ...image, ...linked };
}
