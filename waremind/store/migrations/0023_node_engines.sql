-- With which engine a node logs its accounts in: one that differs is told to the operator.
ALTER TABLE nodes ADD engine text NOT NULL DEFAULT '';
