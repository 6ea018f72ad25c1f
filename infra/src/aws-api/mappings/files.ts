import type { Mappings } from '../mapping';

const BEHAVIOR = 'DistributionConfigWithTags.DistributionConfig.DefaultCacheBehavior';

/** What serves the registrar's files. */
export const files: Mappings = {
  'aws:cloudfront/originAccessControl:OriginAccessControl': {
    call: 'cloudfront:CreateOriginAccessControl',
    source: 'cloudfront/origin_access_control.go',
    base: 'OriginAccessControlConfig',
  },
  'aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy': {
    call: 'cloudfront:CreateResponseHeadersPolicy',
    source: 'cloudfront/response_headers_policy.go',
    base: 'ResponseHeadersPolicyConfig',
    members: {
      'securityHeadersConfig.contentTypeOptions.override':
        'ResponseHeadersPolicyConfig.SecurityHeadersConfig.ContentTypeOptions.Override',
    },
    sends: {
      'ResponseHeadersPolicyConfig.CorsConfig.AccessControlAllowHeaders.Quantity': 1,
      'ResponseHeadersPolicyConfig.CorsConfig.AccessControlAllowMethods.Quantity': 2,
      'ResponseHeadersPolicyConfig.CorsConfig.AccessControlAllowOrigins.Quantity': 1,
    },
  },
  'aws:cloudfront/distribution:Distribution': {
    call: 'cloudfront:CreateDistributionWithTags',
    source: 'cloudfront/distribution.go',
    base: 'DistributionConfigWithTags.DistributionConfig',
    members: {
      'origins[].originId': 'DistributionConfigWithTags.DistributionConfig.Origins.Items[].Id',
      'origins[].domainName': 'DistributionConfigWithTags.DistributionConfig.Origins.Items[].DomainName',
      'origins[].originAccessControlId':
        'DistributionConfigWithTags.DistributionConfig.Origins.Items[].OriginAccessControlId',
      'defaultCacheBehavior.allowedMethods': `${BEHAVIOR}.AllowedMethods.Items`,
      'defaultCacheBehavior.cachedMethods': `${BEHAVIOR}.AllowedMethods.CachedMethods.Items`,
      isIpv6Enabled: 'DistributionConfigWithTags.DistributionConfig.IsIPV6Enabled',
      'restrictions.geoRestriction.restrictionType':
        'DistributionConfigWithTags.DistributionConfig.Restrictions.GeoRestriction.RestrictionType',
    },
    sends: {
      'DistributionConfigWithTags.DistributionConfig.CallerReference': 'terraform-20261129',
      'DistributionConfigWithTags.DistributionConfig.Origins.Quantity': 1,
      [`${BEHAVIOR}.AllowedMethods.Quantity`]: 2,
      [`${BEHAVIOR}.AllowedMethods.CachedMethods.Quantity`]: 2,
      'DistributionConfigWithTags.DistributionConfig.Restrictions.GeoRestriction.Quantity': 0,
    },
    tags: 'DistributionConfigWithTags.Tags.Items',
  },
};
