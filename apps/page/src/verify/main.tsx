import { start } from '../ui/layout';
import { VerifyPage } from './verify-page';

void start('verify', () => <VerifyPage />);
