import './every-leak';
