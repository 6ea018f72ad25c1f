import * as z from 'zod';
import { MAX_OUTPUT_TOKENS, OUTPUT_TOKEN_STEP } from './vocabulary';

/** The operator's short name for a model in the measured configuration. */
export const MODEL_CLASS_PATTERN = /^[a-z0-9-]{1,32}$/;
export const modelClassSchema = z.string().regex(MODEL_CLASS_PATTERN);

/** A provider's exact name for a model, as requests use it. */
export const modelNameSchema = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/);

/** The date of a price table, and its number on that day: `2026-11-30.1`. */
export const pricesVersionSchema = z.string().regex(/^\d{4}-\d{2}-\d{2}\.\d{1,3}$/);
/** SHA-256 of a price table, in lowercase hex. */
export const pricesSha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** 64 to 2,048 in steps of 64. */
export const maxOutputTokensSchema = z
  .int()
  .min(OUTPUT_TOKEN_STEP)
  .max(MAX_OUTPUT_TOKENS)
  .multipleOf(OUTPUT_TOKEN_STEP);
