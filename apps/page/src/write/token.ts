import { computed, signal } from '@preact/signals';

/** An access token that a developer pasted in place of signing in. In memory only. */
export const developerToken = signal('');

export const hasToken = computed(() => developerToken.value.trim() !== '');
