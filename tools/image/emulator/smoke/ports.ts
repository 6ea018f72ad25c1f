export const GUEST_PORT = 5000;
export const PARENT_ECHO_PORT = 7000;
export const LOG_PORT = 9001;
