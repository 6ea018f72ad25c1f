import { congressAt, officesOfDistrict, parseDistrict } from '@communique-tee/residence';

export type DistrictOffices =
  /** The codes of the offices that a resident of the district can write to. */
  | { readonly kind: 'offices'; readonly codes: readonly string[]; readonly hasSenators: boolean }
  /** The registration is for an ended Congress, or for a district that no state has now. */
  | { readonly kind: 'ended' };

/** Returns the offices of a registered district. @param district such as `120-MT-01` */
export function districtOffices(district: string, nowSeconds: number): DistrictOffices {
  const codes = officesOfDistrict(district);
  if (codes.length === 0 || parseDistrict(district).congress < congressAt(nowSeconds)) return { kind: 'ended' };
  return { kind: 'offices', codes, hasSenators: codes.length > 1 };
}
